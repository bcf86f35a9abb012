import type { Scope } from '../core/scope.js';
import type { Kinds } from '../core/wire.js';
import { previousAttributes } from '../core/previous-attributes.js';
import { without } from '../core/without.js';
import { itemList } from './subscription-items.js';

type Invoice = Kinds['invoice'];
type Subscription = Kinds['subscription'];

/** Days after each failed attempt at which Stripe tries again; after the last one it leaves the invoice open. */
const RETRY_DAYS = [3, 5, 7];
const DAY_SECONDS = 86_400;

export function subscriptionOf(scope: Scope, invoice: Invoice): Subscription | null {
  const id = invoice.parent?.subscription_details?.subscription;
  return id ? (scope.maybe('subscription', id) ?? null) : null;
}

/** A subscription that waited for this invoice goes on. */
export function invoicePaid(scope: Scope, invoice: Invoice): void {
  const subscription = subscriptionOf(scope, invoice);
  if (!subscription) return;
  if (subscription.latest_invoice !== null && subscription.latest_invoice !== invoice.id) return;
  if (subscription.pending_update) applyPending(scope, subscription);
  // Asked to go on as soon as it is paid.
  if (subscription.status === 'paused') resumed(scope, subscription, subscription);
  if (!['incomplete', 'past_due', 'unpaid'].includes(subscription.status)) return;
  const trialing = subscription.trial_end !== null && subscription.trial_end > scope.now;
  const status = trialing ? 'trialing' : 'active';
  scope.update('subscription', subscription, { status }, 'customer.subscription.updated');
}

export function paymentFailed(scope: Scope, invoice: Invoice): Invoice {
  const days = invoice.billing_reason === 'subscription_create' ? undefined : RETRY_DAYS[invoice.attempt_count];
  const patch: Partial<Invoice> = {
    attempt_count: invoice.attempt_count + 1,
    attempted: true,
    next_payment_attempt: days === undefined ? null : scope.now + days * DAY_SECONDS,
  };
  const failed = scope.update('invoice', invoice, patch, 'invoice.updated');
  const subscription = subscriptionOf(scope, invoice);
  const waits = subscription?.pending_update && subscription.latest_invoice === invoice.id;
  if (subscription && !waits && ['active', 'trialing'].includes(subscription.status)) {
    scope.update('subscription', subscription, { status: 'past_due' }, 'customer.subscription.updated');
  }
  scope.emit('invoice.payment_failed', failed);
  return failed;
}

/** The invoice of a pending update is paid: the change is made. */
function applyPending(scope: Scope, subscription: Subscription): void {
  const pending = subscription.pending_update;
  if (!pending) return;
  const patch: Partial<Subscription> = {
    items: itemList(scope, subscription.id, pending.subscription_items ?? []),
    pending_update: null,
    ...(pending.billing_cycle_anchor !== null && { billing_cycle_anchor: pending.billing_cycle_anchor }),
  };
  const applied = scope.update('subscription', subscription, patch, 'customer.subscription.updated');
  scope.emit('customer.subscription.pending_update_applied', applied);
}

/** A paused subscription is active again; `before` is what it was when it was asked to resume. */
export function resumed(scope: Scope, subscription: Subscription, before: Subscription): Subscription {
  const { account } = scope;
  const active: Subscription = { ...without(subscription, 'status_details'), status: 'active' };
  scope.world.store.put(account, 'subscription', active);
  scope.emit('customer.subscription.updated', active, previousAttributes(before, active) ?? undefined);
  scope.emit('customer.subscription.resumed', active);
  return active;
}
