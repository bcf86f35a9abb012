import { invalidRequest } from '../core/errors.js';
import { stripeId } from '../core/ids.js';
import type { Scope } from '../core/scope.js';
import { intervalsAfter, periodEndAfter, type Interval } from '../money/periods.js';
import { chargePart, prorate } from './prorations.js';
import { bill } from './subscription-billing.js';
import { resumed } from './subscription-dunning.js';
import { itemList, itemsOf, type Subscription, type SubscriptionItem } from './subscription-items.js';

type PauseReason = 'pause_requested' | 'trial_end_without_payment_method';

export interface PauseOptions {
  /** From when on unused time is credited. */
  unusedFrom: 'now' | 'none' | 'item_current_period_start';
  invoices: boolean;
}

/** No more periods and no more invoices until it is resumed. */
export function pause(scope: Scope, subscription: Subscription, options: PauseOptions): Subscription {
  if (!['active', 'past_due', 'trialing', 'unpaid'].includes(subscription.status)) {
    throw invalidRequest(`Subscription ${subscription.id} is ${subscription.status} and cannot be paused.`, {
      code: 'status_transition_invalid',
    });
  }
  if (subscription.schedule !== null) throw invalidRequest('A subscription with a schedule cannot be paused.');
  const items = itemsOf(scope, subscription);
  const start = items[0]?.current_period_start ?? scope.now;
  if (options.unusedFrom !== 'none' && subscription.status !== 'trialing') {
    prorate(scope, subscription, items, [], options.unusedFrom === 'now' ? scope.now : start, true);
  }
  const paused = stand(scope, subscription, 'pause_requested');
  if (!options.invoices) return paused;
  const period = { start, end: scope.now };
  bill(scope, paused, { invoiceId: stripeId('in'), reason: 'subscription_update', period, pendingOnly: true });
  return scope.get('subscription', subscription.id);
}

export function stand(scope: Scope, subscription: Subscription, reason: PauseReason): Subscription {
  const patch: Partial<Subscription> = {
    status: 'paused',
    status_details: { paused: { subscription: { type: reason }, transitioned_at: scope.now, type: 'subscription' } },
  };
  const paused = scope.update('subscription', subscription, patch, 'customer.subscription.updated');
  scope.emit('customer.subscription.paused', paused);
  return paused;
}

export interface ResumeOptions {
  anchor: 'now' | 'unchanged';
  prorationBehavior: 'create_prorations' | 'always_invoice' | 'none';
  /** Stays paused until the invoice is paid. */
  onSuccessOnly: boolean;
}

/** Goes on, by default with a new period that begins and is charged now. */
export function resume(scope: Scope, subscription: Subscription, options: ResumeOptions): Subscription {
  if (subscription.status !== 'paused') {
    throw invalidRequest(
      `Subscription ${subscription.id} is ${subscription.status}; only a paused one can be resumed.`,
      {
        code: 'status_transition_invalid',
      },
    );
  }
  if (subscription.collection_method !== 'charge_automatically') {
    throw invalidRequest('Only subscriptions that are charged automatically can be resumed.', {
      param: 'collection_method',
    });
  }
  const fresh = options.anchor === 'now';
  const items = itemsOf(scope, subscription).map((item) => periodFrom(scope.now, subscription, item, fresh));
  const bills = fresh || options.prorationBehavior === 'always_invoice';
  const invoiceId = stripeId('in');
  const going = scope.update('subscription', subscription, {
    ...(fresh && { billing_cycle_anchor: scope.now }),
    ...(bills && { latest_invoice: invoiceId }),
    items: itemList(scope, subscription.id, items),
  });
  if (!fresh && options.prorationBehavior !== 'none') chargeRest(scope, going, items);
  const active = options.onSuccessOnly && bills ? going : resumed(scope, going, subscription);
  if (!bills) return active;
  const period = { start: scope.now, end: scope.now };
  bill(scope, active, { invoiceId, reason: 'subscription_update', period, pendingOnly: !fresh });
  return scope.get('subscription', subscription.id);
}

function periodFrom(now: number, subscription: Subscription, item: SubscriptionItem, fresh: boolean): SubscriptionItem {
  const interval = item.price.recurring as Interval;
  const end = fresh
    ? intervalsAfter(now, interval, 1)
    : periodEndAfter(now, subscription.billing_cycle_anchor, interval);
  return { ...item, current_period_start: now, current_period_end: end };
}

function chargeRest(scope: Scope, subscription: Subscription, items: readonly SubscriptionItem[]): void {
  const [first] = items;
  if (!first) return;
  chargePart(
    scope,
    subscription,
    items,
    intervalsAfter(first.current_period_end, first.price.recurring as Interval, -1),
  );
}
