import type { EntityManager } from 'typeorm';
import { DomainError } from '../../common/errors.js';

/** What holds for every line of a file, and is taken where a line does not say otherwise. */
export interface ImportTerms {
  workspaceId: string;
  /** Who imports: an API key's id, or the command. */
  madeBy: string;
  /** When the import began. */
  at: Date;
  program?: string;
  currency?: string;
  /** No binding takes effect before it. */
  effectiveFrom?: Date;
  /** Where opening balances come from; one of a partner and currency for each. */
  source: string;
}

/** What is to become of one line. */
export type LinePlan =
  | { outcome: 'unchanged'; says: string }
  /** `make` writes in the transaction in which the plan was made. */
  | { outcome: 'created'; says: string; make(): Promise<unknown> };

/** Brings in the lines of one kind. */
export interface LineImporter<Line extends object = object> {
  readonly type: new () => Line;
  /** What the line is about; two lines of a file that are about the same must say the same. */
  keyOf(line: Line, terms: ImportTerms): string;
  /** In the order of the lines; writes nothing. An error is that of its line. */
  plan(lines: readonly Line[], terms: ImportTerms, tx: EntityManager): Promise<Array<LinePlan | DomainError>>;
}

/** The plan, or the refusal that making it has thrown. */
export function planned(make: () => LinePlan): LinePlan | DomainError {
  try {
    return make();
  } catch (error) {
    if (error instanceof DomainError) return error;
    throw error;
  }
}

/** A line that contradicts what is here. Nothing that exists is ever changed by an import. */
export function differs(field: string, code: string, says: string): DomainError {
  return new DomainError('conflict', code, says, { field });
}

/** What a line, or the whole file, must say. */
export function required<T>(value: T | undefined, field: string, remedy: string): T {
  if (value !== undefined) return value;
  throw new DomainError('invalid_argument', 'missing_field', `${field} is missing: ${remedy}`, { field });
}
