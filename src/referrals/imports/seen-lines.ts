import { createHash } from 'node:crypto';
import { DomainError } from '../../common/errors.js';

/** Enough that no two of a few million lines are taken for one another. */
const HASH_BYTES = 12;
/** Of each line some hundred bytes are kept. */
export const IMPORT_LINES_MAX = 500_000;

/** What the lines of a file were about, so that none contradicts another. */
export class SeenLines {
  private readonly lines = new Map<string, { number: number; content: string }>();

  /**
   * The earlier line that says the same, or null. Errors: `contradicts_line`, when an earlier one says something else of the
   * same thing; `too_many_lines`.
   */
  see(key: string, line: object, number: number): number | null {
    const hash = hashOf(key);
    const content = hashOf(JSON.stringify(line));
    const before = this.lines.get(hash);
    if (before === undefined) {
      if (this.lines.size >= IMPORT_LINES_MAX) throw tooMany();
      this.lines.set(hash, { number, content });
      return null;
    }
    if (before.content === content) return before.number;
    const says = `the line says something else of what line ${before.number} is about; leave one of them in the file`;
    throw new DomainError('conflict', 'contradicts_line', says);
  }
}

function tooMany(): DomainError {
  const says = `a file holds at most ${IMPORT_LINES_MAX} different lines; import the rest as another file`;
  return new DomainError('too_large', 'too_many_lines', says);
}

const hashOf = (text: string): string => createHash('sha256').update(text).digest().toString('base64', 0, HASH_BYTES);
