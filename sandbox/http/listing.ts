import { invalidRequest, noSuch } from '../core/errors.js';
import type { Scope } from '../core/scope.js';
import type { Entry } from '../core/table.js';
import type { Kind, Kinds, ListOf } from '../core/wire.js';
import { inRange, int, text, type Range, type Values } from './params.js';

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
  const { limit, after, before } = cursorsOf(params);
  if (before !== undefined) {
    const end = indexOf(rows, before, 'ending_before', noun);
    const start = Math.max(0, end - limit);
    return { object: 'list', data: rows.slice(start, end), has_more: start > 0, url };
  }
  const start = after === undefined ? 0 : indexOf(rows, after, 'starting_after', noun) + 1;
  return { object: 'list', data: rows.slice(start, start + limit), has_more: rows.length > start + limit, url };
}

function cursorsOf(params: Paging): { limit: number; after?: string; before?: string } {
  const { limit = DEFAULT_LIMIT, starting_after: after, ending_before: before } = params;
  if (limit < 1 || limit > MAX_LIMIT) {
    throw invalidRequest(`Invalid limit: must be between 1 and ${MAX_LIMIT}.`, { param: 'limit' });
  }
  if (after !== undefined && before !== undefined) {
    throw invalidRequest('You cannot use both starting_after and ending_before.', { param: 'ending_before' });
  }
  return { limit, after, before };
}

export interface StoredList<T> {
  url: string;
  /** For the refusal of a cursor. */
  noun: string;
  created?: Range;
  matches(row: T): boolean;
}

/**
 * A page of the stored objects of one kind, newest first. It walks the table from the cursor on and stops when the page
 * is full, so that its cost does not grow with the rows before or behind it.
 */
export function storedPage<K extends Kind>(
  scope: Scope,
  kind: K,
  params: Paging,
  list: StoredList<Kinds[K]>,
): ListOf<Kinds[K]> {
  const { limit, after, before } = cursorsOf(params);
  const table = scope.world.store.peek(scope.account, kind);
  const fits = ({ row, created }: Entry): boolean =>
    (list.created === undefined || inRange(created, list.created)) && list.matches(row as unknown as Kinds[K]);
  const cursor = after ?? before;
  const found = cursor === undefined ? undefined : table?.entry(cursor);
  if (cursor !== undefined && !(found && fits(found))) {
    throw noSuch(list.noun, cursor, after === undefined ? 'ending_before' : 'starting_after');
  }
  const empty = { object: 'list' as const, data: [], has_more: false, url: list.url };
  if (!table) return empty;
  const order = table.chronicle();
  const { gt = -1, gte = gt + 1, lt = Infinity, lte = lt - 1 } = list.created ?? {};
  const oldest = table.rank({ created: gte, seq: -1 });
  const newest = table.rank({ created: lte + 1, seq: -1 }) - 1;
  const step = before === undefined ? -1 : 1;
  const start = found ? table.rank(found) + step : newest;
  const rows: Kinds[K][] = [];
  for (let i = start; i >= oldest && i <= newest && rows.length <= limit; i += step) {
    const entry = order[i] as Entry;
    if (fits(entry)) rows.push(entry.row as unknown as Kinds[K]);
  }
  const data = rows.slice(0, limit);
  return { ...empty, data: step === 1 ? data.reverse() : data, has_more: rows.length > limit };
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
