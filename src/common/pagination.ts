import { createHash } from 'node:crypto';
import { invalidField } from './errors.js';
import type { DomainError } from './errors.js';

export const PAGE_LIMIT_DEFAULT = 20;
export const PAGE_LIMIT_MAX = 100;

/** One page of a list, as both faces answer it. `nextCursor` is null on the last page. */
export interface Page<T> {
  data: T[];
  nextCursor: string | null;
}

/** Where a page ended: the value the list is sorted by, and the id that breaks its ties. */
export interface CursorPosition {
  /** Exactly as the database compares it: a timestamp as its text with all its digits, never through a `Date`. */
  sort: string | number;
  id: string;
}

const CHECK_CHARS = 8;

/** An opaque text. `list` names the list, so that a cursor of one list is refused by another. */
export function encodeCursor(list: string, { sort, id }: CursorPosition): string {
  const body = JSON.stringify([sort, id]);
  return Buffer.from(checkOf(list, body) + body, 'utf8').toString('base64url');
}

/**
 * The position in `cursor`; `invalid_cursor` when it is not one that `list` gave out. The check finds accidents and
 * curiosity. It is no secret, and need not be: every query is bound to its workspace whatever the cursor says.
 */
export function decodeCursor(list: string, cursor: string): CursorPosition {
  const text = Buffer.from(cursor, 'base64url').toString('utf8');
  const body = text.slice(CHECK_CHARS);
  const roundTrip = Buffer.from(text, 'utf8').toString('base64url') === cursor;
  if (!roundTrip || text.slice(0, CHECK_CHARS) !== checkOf(list, body)) throw invalidCursor();
  return positionIn(body);
}

/**
 * A page out of `limit + 1` fetched rows: the last one is not shown, it only tells that there is more. `positionOf` says
 * where a row stands in the list's order.
 */
export function toPage<T>(
  list: string,
  rows: readonly T[],
  limit: number,
  positionOf: (row: T) => CursorPosition,
): Page<T> {
  const data = rows.slice(0, limit);
  const last = data.at(-1);
  const isMore = rows.length > limit && last !== undefined;
  return { data, nextCursor: isMore ? encodeCursor(list, positionOf(last)) : null };
}

function positionIn(body: string): CursorPosition {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    throw invalidCursor();
  }
  const [sort, id]: unknown[] = Array.isArray(parsed) ? parsed : [];
  if ((typeof sort !== 'string' && typeof sort !== 'number') || typeof id !== 'string') throw invalidCursor();
  return { sort, id };
}

function checkOf(list: string, body: string): string {
  return createHash('sha256').update(`${list}\n${body}`).digest('base64url').slice(0, CHECK_CHARS);
}

function invalidCursor(): DomainError {
  return invalidField(
    'cursor',
    'invalid_cursor',
    'cursor must be the nextCursor of an earlier page of this list, unchanged',
  );
}
