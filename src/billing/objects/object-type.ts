import type { EntityTarget } from 'typeorm';
import type { TouchedKey } from './shapes.js';
import type { StripeData, StripeModel } from './stripe-model.entity.js';

/** Where an object carries others inside itself. */
export interface EmbeddedRule {
  field: string;
  object: string;
  /**
   * An owned list is complete and lives and dies with its parent (lines, items): it is written only when the parent's
   * version won, and what is missing from it is gone. Anything else seen inside an object is a state like any other.
   */
  owned: boolean;
}

/** One row per Stripe object type: all that the mirror knows of it. */
export interface StripeObjectType {
  /** Stripe's `object` value. */
  object: string;
  /** The table in schema `stripe`, and the name in `/v1/billing/<table>`. */
  table: string;
  model: EntityTarget<StripeModel>;
  /** The collection in Stripe's API, `null` where an object is reached only through its parent. */
  path: string | null;
  idPrefix: string;
  embedded: readonly EmbeddedRule[];
  /** Whether the type's objects carry `created`. */
  hasCreated: boolean;
  /** Whether the rows keep their parent's id in `parent`. */
  hasParent: boolean;
  /** A state that no later one follows; decides a tie within one second as a last resort. */
  isTerminal: (data: StripeData) => boolean;
  /** What must be settled again when a row of this type changes. */
  touches: (data: StripeData, id: string) => TouchedKey[];
}

/** A row as it is written down: what is left out has the default of most types. */
export type ObjectTypeRow = Pick<StripeObjectType, 'object' | 'table' | 'idPrefix'> &
  Partial<StripeObjectType> & { columns?: Columns };
/** Computed columns of a type that has no class, by name. */
export type Columns = Record<
  string,
  readonly [type: 'text' | 'boolean' | 'timestamptz', expression: string, indexed?: 'indexed']
>;
