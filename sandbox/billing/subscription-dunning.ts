import type { Scope } from '../core/scope.js';
import type { Kinds } from '../core/wire.js';

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
  if (!subscription || !['incomplete', 'past_due', 'unpaid'].includes(subscription.status)) return;
  if (subscription.latest_invoice !== null && subscription.latest_invoice !== invoice.id) return;
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
  if (subscription && ['active', 'trialing'].includes(subscription.status)) {
    scope.update('subscription', subscription, { status: 'past_due' }, 'customer.subscription.updated');
  }
  scope.emit('invoice.payment_failed', failed);
  return failed;
}
