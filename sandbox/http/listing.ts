import { invalidRequest, noSuch } from '../core/errors.js';
import type { ListOf } from '../core/wire.js';
import { int, text, type Values } from './params.js';

const DEFAULT_LIMIT = 10;
const MAX_LIMIT = 100;

export const paging = { limit: int, starting_after: text, ending_before: text };
export type Paging = Values<typeof paging>;

interface Listed {
  id: string;
  created?: number;
}

/** Newest first: by `created`, and within a second the later one first. `rows` come oldest first. */
export function newestFirst<T extends Listed>(rows: readonly T[]): T[] {
  return [...rows].reverse().sort((a, b) => (b.created ?? 0) - (a.created ?? 0));
}

/**
 * One page of Stripe's cursor paging over `rows`, which stand in the order of the list. `ending_before` answers the
 * page that ends right before its cursor.
 */
export function page<T extends { id: string }>(
  rows: readonly T[],
  params: Paging,
  url: string,
  noun: string,
): ListOf<T> {
  const limit = params.limit ?? DEFAULT_LIMIT;
  if (limit < 1 || limit > MAX_LIMIT) {
    throw invalidRequest(`Invalid limit: must be between 1 and ${MAX_LIMIT}.`, { param: 'limit' });
  }
  const { starting_after: after, ending_before: before } = params;
  if (after !== undefined && before !== undefined) {
    throw invalidRequest('You cannot use both starting_after and ending_before.', { param: 'ending_before' });
  }
  if (before !== undefined) {
    const end = indexOf(rows, before, 'ending_before', noun);
    const start = Math.max(0, end - limit);
    return { object: 'list', data: rows.slice(start, end), has_more: start > 0, url };
  }
  const start = after === undefined ? 0 : indexOf(rows, after, 'starting_after', noun) + 1;
  return { object: 'list', data: rows.slice(start, start + limit), has_more: rows.length > start + limit, url };
}

function indexOf(rows: readonly { id: string }[], cursor: string, param: string, noun: string): number {
  const index = rows.findIndex(({ id }) => id === cursor);
  if (index < 0) throw noSuch(noun, cursor, param);
  return index;
}

/** The part of a list that Stripe shows inside its parent. */
export function embedded<T>(rows: readonly T[], url: string): ListOf<T> {
  return { object: 'list', data: rows.slice(0, DEFAULT_LIMIT), has_more: rows.length > DEFAULT_LIMIT, url };
}
