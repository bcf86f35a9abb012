import { capabilityObject, type CapabilityName } from '../billing/accounts.js';
import { kindOf, ownerOf, type StripeObject } from '../core/objects.js';
import { PLATFORM, Scope } from '../core/scope.js';
import type { Kind } from '../core/wire.js';
import type { World } from '../core/world.js';
import { settlePending } from '../money/balance.js';
import { withOffStripe } from '../resources/invoices.js';
import { shown } from '../resources/stored/stored-routes.js';

export interface TruthFilter {
  /** One type; all when absent. Events are none. */
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

interface Cursor {
  account: string;
  object: string;
  /** How many rows of the type were told. */
  told: number;
}

/**
 * A page of what is true: by account, type, living before deleted, oldest first. It holds for a sandbox that nobody
 * changes between the pages. Accounts that cannot be asked about any more, and the platform's own, are left out.
 */
export function truthPage(world: World, filter: TruthFilter): TruthPage {
  const { limit = Number.POSITIVE_INFINITY } = filter;
  if (!(limit >= 1)) throw new RangeError(`'limit' must be 1 or more; it is ${limit}.`);
  const from = filter.starting_after === undefined ? null : readCursor(filter.starting_after);
  const data: TruthRow[] = [];
  let skipping = from !== null;
  for (const { account, object } of typesOf(world, filter)) {
    const here = from?.account === account && from.object === object;
    if (skipping && !here) continue;
    skipping = false;
    const rows = rowsOf(world, account, object);
    for (let told = here && from ? from.told : 0; told < rows.length; told++) {
      if (data.length === limit) return { data, has_more: true, next: writeCursor({ account, object, told }) };
      data.push(rows.at(told));
    }
  }
  return { data, has_more: false, next: null };
}

const writeCursor = (cursor: Cursor): string => Buffer.from(JSON.stringify(cursor)).toString('base64url');

function readCursor(text: string): Cursor {
  try {
    return JSON.parse(Buffer.from(text, 'base64url').toString()) as Cursor;
  } catch {
    throw new RangeError(`'starting_after' must be 'next' of an earlier answer; it is '${text}'.`);
  }
}

function typesOf(world: World, { object, account }: TruthFilter): { account: string; object: string }[] {
  const connected = [...world.store.values(PLATFORM, 'account')].map(({ id }) => id);
  const accounts = [...new Set([...world.store.accounts(), ...connected])].filter((one) => {
    // Partitions with a mark are the sandbox's own.
    return !one.startsWith('#') && !world.isDeauthorized(one) && (account === undefined || one === account);
  });
  return accounts.toSorted().flatMap((one) => {
    settlePending(new Scope(world, one));
    const types = new Set<string>(world.store.kinds(one).filter(isTold));
    for (const elsewhere of [...Object.keys(DERIVED), ...KEPT_FOR_ACCOUNTS]) types.add(elsewhere);
    return [...types]
      .filter((type) => object === undefined || type === object)
      .toSorted()
      .map((type) => ({ account: one, object: type }));
  });
}

/** Events are no state. */
const NOT_TOLD: readonly string[] = ['event', 'v2.core.event'];
const isTold = (kind: Kind): boolean => !kind.startsWith('sandbox.') && !NOT_TOLD.includes(kind);

/** Objects that have ids and live inside of others, or that the platform keeps for an account. */
const DERIVED: Record<string, (world: World, account: string) => StripeObject[]> = {
  capability(world, account) {
    const owner = world.store.get(PLATFORM, 'account', account);
    const names = Object.keys(owner?.capabilities ?? {}) as CapabilityName[];
    return owner ? names.map((name) => capabilityObject(owner, name) as unknown as StripeObject) : [];
  },
  line_item(world, account) {
    const rows = [...world.store.values(account, 'sandbox.invoice')];
    const living = rows.filter(({ id }) => world.store.get(account, 'invoice', id));
    return living.flatMap(({ lines }) => lines as unknown as StripeObject[]);
  },
};
const KEPT_FOR_ACCOUNTS = ['bank_account', 'card', 'person'];

/** What a retrieve computes beyond the stored object. */
const COMPUTED: Record<string, (world: World, account: string, object: StripeObject) => StripeObject> = {
  invoice(world, account, object) {
    const scope = new Scope(world, account);
    return withOffStripe(scope, scope.get('invoice', object.id)) as unknown as StripeObject;
  },
};

interface Rows {
  length: number;
  at(index: number): TruthRow;
}

function rowsOf(world: World, account: string, type: string): Rows {
  const living = [...(DERIVED[type]?.(world, account) ?? [])];
  const buried: StripeObject[] = [];
  const kept = KEPT_FOR_ACCOUNTS.includes(type);
  for (const partition of kept && account !== PLATFORM ? [PLATFORM, account] : [account]) {
    const table = world.store.peek(partition, kindOf(type));
    const isHere = (object: StripeObject): boolean =>
      type === 'account'
        ? !world.isDeauthorized(object.id)
        : !kept || (ownerOf(world, object) ?? partition) === account;
    for (const { row } of table?.chronicle() ?? [])
      if (isHere(row as unknown as StripeObject)) living.push(row as unknown as StripeObject);
    for (const row of table?.deleted.values() ?? [])
      if (isHere(row as unknown as StripeObject)) buried.push(row as unknown as StripeObject);
  }
  return {
    length: living.length + buried.length,
    at(index) {
      const deleted = index >= living.length;
      const object = (deleted ? buried[index - living.length] : living[index]) as StripeObject;
      const data = shown(deleted ? object : (COMPUTED[type]?.(world, account, object) ?? object));
      return { account, object: type, id: object.id, deleted, data };
    },
  };
}
