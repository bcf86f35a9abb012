import { stripeId } from '../core/ids.js';
import type { Scope } from '../core/scope.js';
import { prorate } from './prorations.js';
import { bill, hasPending } from './subscription-billing.js';
import { itemsOf, type Subscription } from './subscription-items.js';

type Reason = NonNullable<NonNullable<Subscription['cancellation_details']>['reason']>;

/** The subscription is over now. Its open invoice stays as it is. */
export function endSubscription(
  scope: Scope,
  subscription: Subscription,
  reason: Reason,
  details: Partial<NonNullable<Subscription['cancellation_details']>> = {},
): Subscription {
  const old = subscription.cancellation_details;
  const patch: Partial<Subscription> = {
    canceled_at: subscription.canceled_at ?? scope.now,
    cancellation_details: {
      comment: old?.comment ?? null,
      feedback: old?.feedback ?? null,
      feedback_option: null,
      ...details,
      reason,
    },
    ended_at: scope.now,
    status: 'canceled',
  };
  const ended = scope.update('subscription', subscription, patch);
  scope.emit('customer.subscription.deleted', ended);
  return ended;
}

/** Credits what was paid for and not used, and on request bills what is pending at once. */
export function settleBeforeEnd(
  scope: Scope,
  subscription: Subscription,
  prorates: boolean,
  invoiceNow: boolean,
): void {
  if (prorates && subscription.status !== 'trialing') {
    prorate(scope, subscription, itemsOf(scope, subscription), [], scope.now, true);
  }
  if (invoiceNow) billPending(scope, subscription);
}

/** The end that was planned: what waited for the next invoice comes on a last one. */
export function endAsPlanned(scope: Scope, subscription: Subscription): void {
  if (hasPending(scope, subscription)) billPending(scope, subscription);
  endSubscription(scope, scope.get('subscription', subscription.id), 'cancellation_requested');
}

function billPending(scope: Scope, subscription: Subscription): void {
  const period = { start: subscription.items.data[0]?.current_period_start ?? scope.now, end: scope.now };
  const invoiceId = stripeId('in');
  const billed = scope.update('subscription', subscription, { latest_invoice: invoiceId });
  bill(scope, billed, { invoiceId, reason: 'manual', period, pendingOnly: true });
}
