import { stripeId } from '../core/ids.js';
import type { Scope } from '../core/scope.js';
import { share } from '../money/rounding.js';
import { createItem } from './invoice-lines.js';
import { bill } from './subscription-billing.js';
import { itemsOf, periodEnd, type Subscription, type SubscriptionItem } from './subscription-items.js';
import { formatDay } from './wording.js';

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
export function settleBeforeEnd(scope: Scope, subscription: Subscription, prorate: boolean, invoiceNow: boolean): void {
  if (prorate && subscription.status !== 'trialing') {
    for (const item of itemsOf(scope, subscription)) credit(scope, subscription, item);
  }
  if (!invoiceNow) return;
  const period = { start: subscription.items.data[0]?.current_period_start ?? scope.now, end: scope.now };
  bill(scope, subscription, { invoiceId: stripeId('in'), reason: 'manual', period, pendingOnly: true });
}

function credit(scope: Scope, subscription: Subscription, item: SubscriptionItem): void {
  const end = periodEnd(subscription);
  const paid = (item.price.unit_amount ?? 0) * (item.quantity ?? 1);
  createItem(scope, {
    amount: -share(paid, end - scope.now, end - item.current_period_start),
    currency: subscription.currency,
    customer: subscription.customer,
    description: `Unused time on ${scope.maybe('product', item.price.product)?.name ?? item.price.product} after ${formatDay(scope.now)}`,
    price: item.price,
    quantity: item.quantity ?? 1,
    period: { start: scope.now, end },
    subscription: subscription.id,
    subscriptionItem: item.id,
    proration: true,
  });
}
