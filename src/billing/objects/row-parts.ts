import type { Columns, ListRule } from './object-type.js';
import { refId, type TouchedKey } from './shapes.js';
import type { StripeData } from './stripe-model.entity.js';

/** The words of which the rows in `types/` are made. */

export const CREATE_UPDATE = ['create', 'update'] as const;
export const CREATE_UPDATE_DELETE = ['create', 'update', 'delete'] as const;

/** A list of its own. */
export function list(path: string, more: Partial<ListRule> = {}): ListRule {
  return { path, of: null, byCreated: true, single: false, expand: [], ...more };
}

/** A list per object of another type; `{id}` in the path is that object's. */
export function under(of: string, path: string, more: Partial<ListRule> = {}): ListRule {
  return { path, of, byCreated: false, single: false, expand: [], ...more };
}

/** One object per account. */
export const single = (path: string): ListRule => list(path, { byCreated: false, single: true });

export const ref = (field: string): string => `stripe.ref(data->'${field}')`;

/** Columns with the ids that the fields name, expanded or not, each with an index. */
export function refs(...fields: string[]): Columns {
  return Object.fromEntries(fields.map((field) => [field, ['text', ref(field), 'indexed'] as const]));
}

export function texts(...fields: string[]): Columns {
  return Object.fromEntries(fields.map((field) => [field, ['text', `data->>'${field}'`] as const]));
}

export function flags(...fields: string[]): Columns {
  return Object.fromEntries(fields.map((field) => [field, ['boolean', `stripe.flag(data->'${field}')`] as const]));
}

export const statusIn =
  (...states: string[]) =>
  (data: StripeData): boolean =>
    states.includes(String(data.status));

/** Keys for those of the references that are set. */
export function keys(...pairs: Array<[TouchedKey['kind'], unknown]>): TouchedKey[] {
  return pairs.flatMap(([kind, reference]) => {
    const id = refId(reference);
    return id === null ? [] : [{ kind, id }];
  });
}

/** Objects without an id of their own, kept under what they belong to. */
export const byField =
  (field: string) =>
  (data: StripeData): string | null =>
    refId(data[field]);

/** Objects of which an account has one. */
export const only = (name: string) => (): string => name;

/** Stripe's field `account` under another name: the key has a column that is called so. */
export const CONNECTED_ACCOUNT: Columns = { connected_account: ['text', ref('account'), 'indexed'] };

/** How often a price or plan is charged, and whether for usage. */
export const PRICE_TERMS: Columns = {
  interval: ['text', `coalesce(data#>>'{recurring,interval}', data->>'interval')`],
  interval_count: [
    'bigint',
    `coalesce(stripe.whole(data#>'{recurring,interval_count}'), stripe.whole(data->'interval_count'))`,
  ],
  usage_type: ['text', `coalesce(data#>>'{recurring,usage_type}', data->>'usage_type')`],
};
