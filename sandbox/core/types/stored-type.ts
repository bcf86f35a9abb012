/**
 * One of Stripe's object types that the sandbox stores and lists without knowing what it means. The rows stand in the
 * other files of this folder; `names.ts` has them together.
 *
 * The little languages of a row:
 * - `filters`: names of query parameters, compared with the field of that name. `!` required, `~` a range of time,
 *   `{}` compared part by part; `created` is always a range.
 * - `create`, `update`: names of body parameters, stored in the field of that name. `:int`, `:bool`, `[]` (texts),
 *   `{}` (kept as it was sent), nothing (text); `!` required; `metadata` is merged as Stripe does.
 * - `events`: which of `created`, `updated`, `deleted` Stripe sends when such a write is done.
 */
export interface StoredType {
  object: string;
  /** What its ids begin with. Null where ids are words, as a country's code. */
  prefix: string | null;
  /** Where it is listed; `:id` is its parent. Without one it is retrieved only, or only ever carried by events. */
  list?: string;
  /** Where it is retrieved besides `<list>/:id`; `false` where Stripe has no such call. */
  retrieve?: string | false;
  parent?: Parent;
  filters?: string;
  create?: string;
  update?: string;
  delete?: true;
  events?: string;
  /** Of `id`, `created`, `livemode`: the fields that Stripe's object does not have. */
  lacks?: string;
  /** What a created object shows besides what was sent. */
  starts?: Readonly<Record<string, unknown>>;
}

/** The object in whose path a list stands, and the field of the listed objects that names it. */
export interface Parent {
  object: string;
  /** Null where the path's id decides nothing: another filter does. */
  field: string | null;
  /** The listed objects do not show that field: it is kept beside them. */
  hidden?: true;
}
