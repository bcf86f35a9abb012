import { PLATFORM, type Scope } from './scope.js';
import type { Kind, Kinds } from './wire.js';

/** An object whose type is known only at run time. */
export interface StripeObject {
  id: string;
  object: string;
  [field: string]: unknown;
}

/** What is known of an object and not shown in it, as the customer of an active entitlement. */
export interface LinksRow {
  id: string;
  object: 'sandbox.links';
  links: Record<string, string>;
}

/**
 * The store takes any name; only the typed kinds are declared. The one place where a name that comes from outside
 * becomes a kind.
 */
export const kindOf = (object: string): Kind => object as Kind;

/** The object under a name of run time, as `Scope.maybe` has it for the declared kinds. */
export function maybeObject(scope: Scope, object: string, id: string): StripeObject | undefined {
  return scope.maybe(kindOf(object), id) as unknown as StripeObject | undefined;
}

export const asRow = (object: StripeObject): Kinds[Kind] => object as unknown as Kinds[Kind];

export function linksOf(scope: Scope, object: string, id: string): Record<string, string> {
  const row = maybeObject(scope, 'sandbox.links', `${object}/${id}`) as LinksRow | undefined;
  return row?.links ?? {};
}

export function setLinks(scope: Scope, object: string, id: string, links: Record<string, string>): void {
  const row: LinksRow = { id: `${object}/${id}`, object: 'sandbox.links', links };
  scope.world.store.put(scope.account, kindOf(row.object), asRow(row as unknown as StripeObject));
}

/** Types that a connected account owns and that the platform keeps, under `/v1/accounts/:id`. */
const OF_ACCOUNTS: readonly string[] = ['bank_account', 'capability', 'card', 'person'];

/** The connected account that an object of the platform's partition belongs to; null when it is the platform's own. */
export function ownerOf(world: Scope['world'], object: StripeObject): string | null {
  const { account, customer } = object;
  const owned = OF_ACCOUNTS.includes(object.object) && typeof account === 'string' && (customer ?? null) === null;
  return owned && account !== world.platformAccount().id ? account : null;
}

/** Who tells of it: an account and what it owns speak by the account's own events. */
export function voiceOf(scope: Scope, object: StripeObject): Scope {
  if (scope.account !== PLATFORM) return scope;
  const owner = object.object === 'account' ? object.id : ownerOf(scope.world, object);
  return owner === null || owner === scope.world.platformAccount().id ? scope : scope.in(owner);
}
