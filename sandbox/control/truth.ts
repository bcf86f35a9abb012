import type { StripeObject } from '../core/objects.js';
import { kindOf } from '../core/objects.js';
import { PLATFORM, Scope } from '../core/scope.js';
import type { Entry } from '../core/table.js';
import type { Kind } from '../core/wire.js';
import type { World } from '../core/world.js';
import { settlePending } from '../money/balance.js';
import { shown } from '../resources/stored/stored-routes.js';

export interface TruthFilter {
  /** One type; all but events when absent. */
  object?: string;
  /** One account, '' for the platform's own; all when absent. */
  account?: string;
  /** `next` of the page before. */
  starting_after?: string;
  limit?: number;
}

/** What Stripe would answer for this id now. */
export interface TruthRow {
  account: string;
  object: string;
  id: string;
  deleted: boolean;
  /** As retrieved without any `expand`; the last state of an object that is deleted. */
  data: Record<string, unknown>;
}

export interface TruthPage {
  data: TruthRow[];
  has_more: boolean;
  /** For `starting_after`; null on the last page. */
  next: string | null;
}

/** A page of what is true, in a fixed order: by account, type, deleted or not, then oldest first. */
export function truthPage(world: World, filter: TruthFilter): TruthPage {
  const { limit = Number.POSITIVE_INFINITY } = filter;
  if (!(limit >= 1)) throw new RangeError(`'limit' must be 1 or more; it is ${limit}.`);
  const from = filter.starting_after === undefined ? null : readCursor(filter.starting_after);
  const data: TruthRow[] = [];
  let skipping = from !== null;
  for (const { account, kind } of tablesOf(world, filter)) {
    const here = from?.account === account && from.object === kind;
    if (skipping && !here) continue;
    skipping = false;
    for (const row of rowsAfter(world, account, kind, here && from ? from.index : 0)) {
      if (data.length === limit) return { data, has_more: true, next: cursorAt(row) };
      data.push(row.row);
    }
  }
  return { data, has_more: false, next: null };
}

interface Cursor {
  account: string;
  object: string;
  /** How many rows of the table were told. */
  index: number;
}

interface Indexed {
  row: TruthRow;
  index: number;
}

const cursorAt = ({ row, index }: Indexed): string =>
  Buffer.from(JSON.stringify({ account: row.account, object: row.object, index } satisfies Cursor)).toString(
    'base64url',
  );

function readCursor(text: string): Cursor {
  try {
    return JSON.parse(Buffer.from(text, 'base64url').toString()) as Cursor;
  } catch {
    throw new RangeError(`'starting_after' must be 'next' of an earlier answer; it is '${text}'.`);
  }
}

function tablesOf(world: World, { object, account }: TruthFilter): { account: string; kind: Kind }[] {
  const accounts = world.store.accounts().filter((one) => {
    // Partitions of the sandbox's own, and accounts that nobody can ask about any more.
    return !one.startsWith('#') && !world.isDeauthorized(one) && (account === undefined || one === account);
  });
  return accounts.toSorted().flatMap((one) => {
    settlePending(new Scope(world, one));
    const kinds = object === undefined ? world.store.kinds(one).filter(isTold) : [kindOf(object)];
    return kinds.toSorted().map((kind) => ({ account: one, kind }));
  });
}

const isTold = (kind: Kind): boolean => kind !== 'event' && !kind.startsWith('sandbox.');

function* rowsAfter(world: World, account: string, kind: Kind, skip: number): IterableIterator<Indexed> {
  const table = world.store.peek(account, kind);
  if (!table) return;
  const living = table.chronicle();
  for (let index = skip; index < living.length; index++) {
    const object = (living[index] as Entry).row as unknown as StripeObject;
    if (account === PLATFORM && kind === 'account' && world.isDeauthorized(object.id)) continue;
    yield { index, row: { account, object: kind, id: object.id, deleted: false, data: shown(object) } };
  }
  const buried = [...table.deleted.values()];
  for (let n = Math.max(0, skip - living.length); n < buried.length; n++) {
    const object = buried[n] as unknown as StripeObject;
    const row = { account, object: kind, id: object.id, deleted: true, data: shown(object) };
    yield { index: living.length + n, row };
  }
}
