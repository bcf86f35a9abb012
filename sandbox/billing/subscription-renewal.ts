import { stripeId } from '../core/ids.js';
import type { Scope } from '../core/scope.js';
import { periodEndAfter, type Interval } from '../money/periods.js';
import { endDiscount } from './discounts.js';
import { voidInvoice } from './invoice-lifecycle.js';
import { expirePending } from './pending-updates.js';
import { bill } from './subscription-billing.js';
import { itemList, itemsOf, periodEnd, type Subscription } from './subscription-items.js';
import { stand } from './subscription-pause.js';
import { endAsPlanned, endSubscription } from './subscription-cancel.js';

/** Stripe gives a first payment so long. */
const INCOMPLETE_SECONDS = 23 * 3_600;

const RENEWS = ['active', 'past_due', 'trialing'];

/** The next instant at which something happens to the subscription by itself, or null. */
export function nextDue(subscription: Subscription): number | null {
  if (subscription.status === 'incomplete') return subscription.created + INCOMPLETE_SECONDS;
  if (!RENEWS.includes(subscription.status)) return null;
  const { cancel_at, pause_collection, pending_update } = subscription;
  const instants = [cancel_at, pause_collection?.resumes_at, pending_update?.expires_at];
  return Math.min(periodEnd(subscription), ...instants.filter((at): at is number => typeof at === 'number'));
}

/** Does what is due at the scope's time: expiry, cancellation, the end of a trial, a renewal. */
export function runDue(scope: Scope, subscription: Subscription): void {
  const { pause_collection: paused, pending_update: pending } = subscription;
  if (subscription.status === 'incomplete') expire(scope, subscription);
  else if (pending && pending.expires_at <= scope.now) expirePending(scope, subscription);
  else if (paused?.resumes_at && paused.resumes_at <= scope.now) {
    scope.update('subscription', subscription, { pause_collection: null }, 'customer.subscription.updated');
  } else if (subscription.cancel_at !== null && subscription.cancel_at <= scope.now) {
    endAsPlanned(scope, subscription);
  } else if (subscription.status === 'trialing' && !canPay(scope, subscription)) endTrialUnpaid(scope, subscription);
  else renew(scope, subscription);
}

/** What the trial was set to do when nobody can be charged. */
function endTrialUnpaid(scope: Scope, subscription: Subscription): void {
  const behavior = subscription.trial_settings?.end_behavior.missing_payment_method;
  if (behavior === 'cancel') endSubscription(scope, subscription, 'payment_failed');
  else if (behavior === 'pause') stand(scope, subscription, 'trial_end_without_payment_method');
  else renew(scope, subscription);
}

function canPay(scope: Scope, { customer, default_payment_method: own }: Subscription): boolean {
  const { invoice_settings: settings, default_source: source } = scope.get('customer', customer);
  return (own ?? settings.default_payment_method ?? source) !== null;
}

function expire(scope: Scope, subscription: Subscription): void {
  const patch = { status: 'incomplete_expired' as const, ended_at: scope.now };
  scope.update('subscription', subscription, patch, 'customer.subscription.updated');
  const invoice = scope.maybe('invoice', subscription.latest_invoice ?? '');
  if (invoice?.status === 'open') voidInvoice(scope, invoice);
}

function renew(scope: Scope, subscription: Subscription): void {
  const invoiceId = stripeId('in');
  const start = periodEnd(subscription);
  const before = subscription.items.data[0]?.current_period_start ?? start;
  const renewed = beginNextPeriod(scope, subscription, invoiceId);
  bill(scope, renewed, { invoiceId, reason: 'subscription_cycle', period: { start: before, end: start } });
}

/** The subscription in its next period, for which `invoiceId` is to charge. */
export function beginNextPeriod(scope: Scope, subscription: Subscription, invoiceId: string): Subscription {
  const start = periodEnd(subscription);
  const items = itemsOf(scope, subscription).map((item) => {
    if (item.current_period_end > start) return item;
    const interval = item.price.recurring as Interval;
    return {
      ...item,
      current_period_start: start,
      current_period_end: periodEndAfter(start, subscription.billing_cycle_anchor, interval),
    };
  });
  const patch: Partial<Subscription> = {
    ...(subscription.status === 'trialing' && { status: 'active' as const }),
    discounts: dropEnded(scope, subscription.discounts),
    items: itemList(scope, subscription.id, items),
    latest_invoice: invoiceId,
  };
  return scope.update('subscription', subscription, patch, 'customer.subscription.updated');
}

function dropEnded(scope: Scope, discounts: readonly string[]): string[] {
  return discounts.filter((id) => {
    const end = scope.maybe('discount', id)?.end ?? null;
    if (end === null || end > scope.now) return true;
    endDiscount(scope, id);
    return false;
  });
}
