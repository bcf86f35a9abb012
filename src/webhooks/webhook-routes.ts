import { isObject, refId, type TouchedKey } from '../billing/objects/shapes.js';
import type { StripeObjectType } from '../billing/objects/object-type.js';
import { typeOfObject } from '../billing/objects/registry.js';
import type { StripeData } from '../billing/objects/stripe-model.entity.js';

/** What a family of events writes and what is settled again because of it. */
export interface WebhookRoute {
  /** An exact event type, or a prefix that ends in `.*`. */
  events: string;
  /** The type in `data.object`, as Stripe names it. */
  writes: string;
  settles: ReadonlyArray<TouchedKey['kind']>;
}

/**
 * The page that says which event types concern money, and what is settled again because of them. The first match counts. An
 * event of no family is stored, acknowledged and mirrored under its object's type (`stripe.other_objects` where no table is
 * made for it), and settles nothing. The keys themselves come from the registry's rows, since a backfill writes the same
 * rows without any event; a test holds the two against each other.
 */
export const WEBHOOK_ROUTES: readonly WebhookRoute[] = [
  { events: 'account.application.*', writes: 'application', settles: ['account'] },
  { events: 'account.external_account.*', writes: 'bank_account', settles: ['account'] },
  { events: 'account.updated', writes: 'account', settles: ['account'] },
  { events: 'capability.updated', writes: 'capability', settles: ['account'] },
  { events: 'charge.dispute.*', writes: 'dispute', settles: ['charge', 'payment_intent'] },
  { events: 'charge.refund.updated', writes: 'refund', settles: ['charge', 'payment_intent'] },
  { events: 'charge.*', writes: 'charge', settles: ['charge'] },
  { events: 'checkout.session.*', writes: 'checkout.session', settles: ['checkout_session', 'customer'] },
  { events: 'credit_note.*', writes: 'credit_note', settles: ['invoice'] },
  { events: 'customer.discount.*', writes: 'discount', settles: ['customer'] },
  { events: 'customer.subscription.*', writes: 'subscription', settles: ['customer'] },
  { events: 'customer.source.*', writes: 'source', settles: [] },
  { events: 'customer.tax_id.*', writes: 'tax_id', settles: [] },
  { events: 'customer.*', writes: 'customer', settles: ['customer'] },
  { events: 'invoice_payment.*', writes: 'invoice_payment', settles: ['invoice', 'payment_intent'] },
  { events: 'invoice.*', writes: 'invoice', settles: ['invoice'] },
  { events: 'payment_intent.*', writes: 'payment_intent', settles: ['payment_intent'] },
  { events: 'payout.*', writes: 'payout', settles: ['payout'] },
  { events: 'promotion_code.*', writes: 'promotion_code', settles: ['promotion_code'] },
  { events: 'radar.early_fraud_warning.*', writes: 'radar.early_fraud_warning', settles: ['charge', 'payment_intent'] },
  { events: 'refund.*', writes: 'refund', settles: ['charge', 'payment_intent'] },
  { events: 'transfer.*', writes: 'transfer', settles: ['transfer'] },
];

export function routeOf(eventType: string): WebhookRoute | null {
  return (
    WEBHOOK_ROUTES.find(
      ({ events }) => eventType === events || (events.endsWith('.*') && eventType.startsWith(events.slice(0, -1))),
    ) ?? null
  );
}

/** Ends a thing that Stripe still answers for: the object is changed, not gone. */
const ENDS_WITHOUT_DELETING = new Set(['customer.subscription.deleted']);

export function eventKind(eventType: string): 'created' | 'changed' | 'deleted' {
  if (eventType.endsWith('.deleted') && !ENDS_WITHOUT_DELETING.has(eventType)) return 'deleted';
  return eventType.endsWith('.created') ? 'created' : 'changed';
}

/**
 * The mirrored object that an event carries, or null when it carries none that can be kept under an id (`invoice.upcoming`,
 * thin events).
 */
export function subjectOf(object: unknown): { type: StripeObjectType; id: string; data: StripeData } | null {
  if (!isObject(object)) return null;
  const type = typeOfObject(object.object);
  const id = type.identify(object);
  return id === null ? null : { type, id, data: object };
}

/** What belongs to an account as such: the bank accounts and cards to which it is paid out, not those of its customers. */
const HELD_BY_ACCOUNTS = new Set(['bank_account', 'card']);

/**
 * Under whose objects the mirror keeps it. Accounts and what describes them are the platform's to see, whoever's event
 * brought them; everything else belongs to the account that the event names.
 */
export function owningAccount(type: StripeObjectType, data: StripeData, eventAccount: string): string {
  const describesAccount = HELD_BY_ACCOUNTS.has(type.object) && refId(data.account) !== null;
  return type.platformOnly || describesAccount ? '' : eventAccount;
}

/** Keys that the event names beyond those of its object: what happens to an account's standing is told about other objects. */
export function keysOfEvent(eventType: string, eventAccount: string): TouchedKey[] {
  const route = routeOf(eventType);
  return route?.settles.includes('account') === true && eventAccount !== ''
    ? [{ kind: 'account', id: eventAccount }]
    : [];
}
