import type { EntityTarget } from 'typeorm';
import type { TouchedKey } from './shapes.js';
import type { StripeData, StripeModel } from './stripe-model.entity.js';

/** Where an object carries others inside itself. */
export interface EmbeddedRule {
  field: string;
  /** What may stand there; anything else is left alone. */
  objects: readonly string[];
  /**
   * An owned list is complete and lives and dies with its parent (lines, items): it is written only when the parent's
   * version won, and what is missing from it is gone. Anything else seen inside an object is a state like any other.
   */
  owned: boolean;
  /**
   * The field is no object of Stripe's and none of its parts is: it is kept whole, as an object of the rule's type, under
   * the id of what it stands in.
   */
  whole?: true;
  /** Where the whole list can be had when the embedded one is cut off; `{id}` is the parent's. */
  list?: string;
}

/** How every object of a type can be reached: a list of Stripe's, to be read to its end. */
export interface ListRule {
  /** A path with its query. `{id}` stands for an object of the type `of`, whose every row is gone through. */
  path: string;
  /** The type whose objects are gone through; null for a list of its own. */
  of: string | null;
  /** Whether the list takes Stripe's `created[gte]`. */
  byCreated: boolean;
  /** The answer is the object itself and no list: there is one per account, or per object of `of`. */
  single: boolean;
  /** Lists that Stripe includes on request: they are taken in as objects of their own and cut from the object again. */
  expand: readonly string[];
}

/** How a list of what Stripe sends no events about is read on from where it ended. */
export interface FollowRule {
  /** Between two looks, as long as nothing is missed. */
  everySeconds: number;
  /** Fields of other objects that name one of these: when it is not held, the list is looked at within seconds. */
  namedIn: readonly string[];
  /** The computed column with the instant at which an object is going to change, where one says that beforehand. */
  changesAt?: string;
}

export type Write = 'create' | 'update' | 'delete';

/** One row per Stripe object type: all that the mirror knows of it. */
export interface StripeObjectType {
  /** Stripe's `object` value. */
  object: string;
  /** The table in schema `stripe`, and the name in `/v1/billing/<table>`. */
  table: string;
  model: EntityTarget<StripeModel>;
  /**
   * The collections in Stripe's API from which one object can be had by its id. `{customer}` and the like stand for a field
   * of the object. Empty where an object is reached only inside others.
   */
  paths: readonly string[];
  /**
   * Parts that Stripe answers with null unless one object is asked for with them. A list shows none of them, so that what it
   * shows is asked for one by one.
   */
  includes: readonly string[];
  /** Where the one object of its kind is asked for, which has no id of its own; `{customer}` stands for a field. */
  singlePath: string | null;
  lists: readonly ListRule[];
  /**
   * For types without events whose objects are listed by creation and then stay as they are, but for what they announce
   * themselves. Of others only listing them whole tells what changed.
   */
  followed: FollowRule | null;
  writes: readonly Write[];
  /** Empty for ids that the account chooses itself. */
  idPrefix: string;
  /** Whether an id may come back after a deletion: those that the account chooses, and objects kept under another's id. */
  reusesIds: boolean;
  /** Under which id an object is kept; null for one that cannot be. Most carry it, and singletons have none. */
  identify: (data: StripeData) => string | null;
  embedded: readonly EmbeddedRule[];
  /** Whether the type's objects carry `created`. */
  hasCreated: boolean;
  /** Whether the rows keep their parent's id in `parent`. */
  hasParent: boolean;
  /** Asked for in the platform's own name only, never in a connected account's. */
  platformOnly: boolean;
  /** The page's place in Stripe's dashboard, before the id; null where there is none. */
  dashboard: string | null;
  /** A state that no later one follows; decides a tie within one second as a last resort. */
  isTerminal: (data: StripeData) => boolean;
  /** What must be settled again when a row of this type changes. */
  touches: (data: StripeData, id: string) => TouchedKey[];
}

/** A row as it is written down: what is left out has the default of most types. */
export type ObjectTypeRow = Pick<StripeObjectType, 'object' | 'table' | 'idPrefix'> &
  Partial<Omit<StripeObjectType, 'paths' | 'embedded'>> & {
    /** Also the type's list, unless `lists` says otherwise. */
    path?: string | readonly string[];
    /** The list takes no filter by creation. */
    timeless?: true;
    embedded?: ReadonlyArray<Omit<EmbeddedRule, 'objects'> & { object: string | readonly string[] }>;
    columns?: Columns;
  };

/** Computed columns of a type that has no class, by name. */
export type Columns = Record<
  string,
  readonly [type: 'text' | 'boolean' | 'bigint' | 'timestamptz', expression: string, indexed?: 'indexed']
>;
