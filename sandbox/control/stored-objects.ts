import { stripeId } from '../core/ids.js';
import { asRow, kindOf, maybeObject, setLinks, voiceOf, type StripeObject } from '../core/objects.js';
import { previousAttributes } from '../core/previous-attributes.js';
import { PLATFORM, type Scope } from '../core/scope.js';
import { eventType, hasField, prefixOf, storedType } from '../core/types/names.js';
import { putChildren } from './children.js';
import { accountOf } from '../http/authentication.js';
import { shown } from '../resources/stored/stored-routes.js';
import { announceChange } from '../resources/v2/v2-routes.js';
import { emitThin } from '../webhooks/thin-event.js';

/** An object as a test writes it: what is absent and belongs to the type is filled in. */
export interface GivenObject {
  object: string;
  id?: string;
  [field: string]: unknown;
}

export interface PutOptions {
  /**
   * A connected account's id; the platform's own when absent. Persons, bank accounts and cards for payouts name theirs in
   * `account` and need none here.
   */
  account?: string;
  /** `created`, `updated`, or a whole type as `invoice.paid`. No event goes out without it. */
  event?: string;
  /** What Stripe knows of the object and does not show in it, as the `customer` of an active entitlement. */
  links?: Record<string, string>;
  /** All lines or items of the object, where it shows only some of them; see `putChildren`. */
  children?: readonly StripeObject[];
}

/** One of many, with options of its own. */
export interface PutEntry extends PutOptions {
  object: GivenObject;
}
export const isEntry = (given: GivenObject | PutEntry): given is PutEntry => typeof given.object === 'object';

export interface DeletedObject {
  id: string;
  object: string;
  deleted: true;
}

/** Stores an object of any type, in place of the one with its id. */
export function putObject(scope: Scope, given: GivenObject, options: PutOptions = {}): Record<string, unknown> {
  const object = completed(scope, given);
  const home = homeOf(scope, object.object === 'account' ? PLATFORM : options.account);
  const before = maybeObject(home, object.object, object.id);
  home.world.store.put(home.account, kindOf(object.object), asRow(object));
  putChildren(home, object, options.children);
  if (options.links) setLinks(home, object.object, object.id, options.links);
  if (options.event !== undefined) tell(home, object, options.event, before);
  return shown(object);
}

/** Takes an object away as if it had been deleted at Stripe; answers what a deletion answers. */
export function removeObject(
  scope: Scope,
  type: string,
  id: string,
  options: Pick<PutOptions, 'account' | 'event'> = {},
): DeletedObject {
  const home = homeOf(scope, options.account);
  const object = maybeObject(home, type, id);
  if (!object) throw new Error(`There is no ${type} '${id}' ${whereIs(home)}.`);
  home.world.store.bury(home.account, kindOf(type), id);
  if (options.event !== undefined) tell(home, object, options.event);
  return { id, object: type, deleted: true };
}

/** Old values travel with `updated` only. */
function tell(home: Scope, object: StripeObject, event: string, before?: StripeObject): void {
  const previous = event.endsWith('updated') && before ? previousAttributes(before, object) : null;
  if (!object.object.startsWith('v2.')) {
    voiceOf(home, object).emit(eventType(object, event), shown(object), previous ?? undefined);
  } else if (event === 'updated') announceChange(home, object, previous ?? {});
  else emitThin(home, eventType(object, event), object);
}

const whereIs = ({ account }: Scope): string => (account === PLATFORM ? 'of the platform' : `of account '${account}'`);

function completed(scope: Scope, given: GivenObject): StripeObject {
  const { object, id } = given;
  if (typeof object !== 'string' || object === '' || object.startsWith('sandbox.')) {
    throw new Error(`'object' must name a type of Stripe's, as 'customer'; it is ${JSON.stringify(object)}.`);
  }
  if (object === 'event') throw new Error('Events are made by POST /_sandbox/events, or by `event` beside an object.');
  if (id !== undefined && (typeof id !== 'string' || id === '')) {
    throw new Error(`'id' of the ${object} must be a text; it is ${JSON.stringify(id)}.`);
  }
  return {
    ...(hasField(object, 'created') && given.created === undefined && { created: createdNow(scope, object) }),
    ...(hasField(object, 'livemode') && !object.startsWith('v2.') && { livemode: false }),
    ...given,
    id: id ?? newId(given),
  };
}

const createdNow = (scope: Scope, object: string): number | string =>
  object.startsWith('v2.') ? new Date(scope.now * 1_000).toISOString() : scope.now;

/** What exists once is kept under its owner's id, or under its type's name. */
function newId(given: GivenObject): string {
  const { object } = given;
  const parent = storedType(object)?.parent;
  if (!hasField(object, 'id')) return parent?.field ? String(given[parent.field]) : object;
  const prefix = prefixOf(object);
  if (prefix !== null) return stripeId(prefix);
  throw new Error(`The sandbox cannot make up an id for a ${object}: send 'id'.`);
}

function homeOf(scope: Scope, account: string | undefined): Scope {
  if (account === undefined || account === PLATFORM) return scope.in(PLATFORM);
  return scope.in(accountOf({ 'stripe-account': account }, scope.world));
}
