import { stripeId } from '../core/ids.js';
import { asRow, kindOf, type StripeObject } from '../core/objects.js';
import { PLATFORM, type Scope } from '../core/scope.js';
import type { Announced } from './subscribers.js';

/** An event of v2: it says what happened to which object, and not what the object is now. */
export interface ThinEvent {
  id: string;
  object: 'v2.core.event';
  context: string | null;
  created: string;
  livemode: boolean;
  reason: { type: 'request'; request: { id: string; idempotency_key: string | null } } | null;
  related_object: { id: string; type: string; url: string };
  type: string;
}

/** Stores an event of v2 and lets it go out to the destinations that take thin ones. */
export function emitThin(scope: Scope, type: string, object: StripeObject): ThinEvent {
  const { id, idempotency_key } = scope.request;
  const event: ThinEvent = {
    id: stripeId('evt_test'),
    object: 'v2.core.event',
    context: scope.account === PLATFORM ? null : scope.account,
    created: new Date(scope.now * 1_000).toISOString(),
    livemode: false,
    reason: id === null ? null : { type: 'request', request: { id, idempotency_key } },
    related_object: { id: object.id, type: object.object, url: urlOf(object) },
    type,
  };
  scope.world.store.put(scope.account, kindOf(event.object), asRow(event as unknown as StripeObject));
  const account = scope.account === PLATFORM ? {} : { account: scope.account };
  const announced: Announced = { id: event.id, object: event.object, type, ...account };
  scope.world.outbox.push(announced);
  return event;
}

function urlOf(object: StripeObject): string {
  if (object.object === 'v2.core.account') return `/v2/core/accounts/${object.id}`;
  if (object.object === 'v2.core.account_person') {
    return `/v2/core/accounts/${String(object.account)}/persons/${object.id}`;
  }
  // `v2.money_management.payout_method` is at `/v2/money_management/payout_methods`.
  const [version = '', ...names] = object.object.split('.');
  const last = names.pop() ?? '';
  return `/${[version, ...names, `${last.replace(/s$/, 'se')}s`].join('/')}/${object.id}`;
}

/** The parts of an account whose changes Stripe tells by an event of their own. */
const PARTS = ['defaults', 'future_requirements', 'identity', 'requirements'];
const CONFIGURATIONS = ['customer', 'merchant', 'recipient'];

/** The events of an account that changed: one of its own, and one for every part that did. */
export function accountEvents(changed: Record<string, unknown>): string[] {
  const configuration = (changed.configuration ?? {}) as Record<string, unknown>;
  return [
    'v2.core.account.updated',
    ...PARTS.filter((part) => part in changed).map((part) => `v2.core.account[${part}].updated`),
    ...CONFIGURATIONS.filter((name) => name in configuration).map(
      (name) => `v2.core.account[configuration.${name}].updated`,
    ),
  ];
}
