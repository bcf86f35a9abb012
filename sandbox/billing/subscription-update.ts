import { invalidRequest } from '../core/errors.js';
import { stripeId } from '../core/ids.js';
import type { Scope } from '../core/scope.js';
import type { Kinds } from '../core/wire.js';
import { mergeMetadata } from '../http/params.js';
import { invoiceFigures } from '../money/invoice-math.js';
import { intervalsAfter, type Interval } from '../money/periods.js';
import { share } from '../money/rounding.js';
import { ruleOf } from './discounts.js';
import { createItem } from './invoice-lines.js';
import { bill } from './subscription-billing.js';
import {
  buildItem,
  itemList,
  planOf,
  requireRecurring,
  type ItemRequest,
  type Subscription,
  type SubscriptionItem,
} from './subscription-items.js';
import { formatDay } from './wording.js';

export interface ItemChange extends ItemRequest {
  id?: string;
  deleted?: boolean;
}
export interface ItemsUpdate {
  changes: readonly ItemChange[];
  prorationBehavior: 'create_prorations' | 'always_invoice' | 'none';
  prorationDate?: number;
  mustSucceed?: boolean;
  collects?: boolean;
}

/**
 * Changes what is subscribed to. What was paid for and not used is credited and the rest of the period charged, as
 * invoice items; they are billed at once when asked for or when the interval changes, else with the next invoice.
 */
export function updateItems(scope: Scope, subscription: Subscription, update: ItemsUpdate): Subscription {
  const before = subscription.items.data;
  const wanted = changedItems(scope, subscription, update.changes);
  const restarts = intervalOf(before) !== intervalOf(wanted) && subscription.status !== 'trialing';
  const after = restarts ? restarted(scope, wanted) : wanted;
  const at = update.prorationDate ?? scope.now;
  if (update.prorationBehavior !== 'none' && subscription.status !== 'trialing') {
    prorate(scope, subscription, before, after, at, restarts);
  }
  const bills = update.prorationBehavior === 'always_invoice' || restarts;
  const invoiceId = stripeId('in');
  const patch: Partial<Subscription> = {
    items: itemList(scope, subscription.id, after),
    ...(bills && { latest_invoice: invoiceId }),
    ...(restarts && { billing_cycle_anchor: scope.now }),
  };
  const changed = scope.update('subscription', subscription, patch, 'customer.subscription.updated');
  if (!bills) return changed;
  bill(scope, changed, {
    invoiceId,
    reason: 'subscription_update',
    period: { start: before[0]?.current_period_start ?? scope.now, end: scope.now },
    pendingOnly: !restarts,
    prorationDate: at,
    collects: update.collects,
    mustSucceed: update.mustSucceed,
  });
  return scope.get('subscription', subscription.id);
}

function changedItems(scope: Scope, subscription: Subscription, changes: readonly ItemChange[]): SubscriptionItem[] {
  let items = [...subscription.items.data];
  const period = {
    start: items[0]?.current_period_start ?? scope.now,
    end: items[0]?.current_period_end ?? scope.now,
  };
  for (const change of changes) {
    if (change.id === undefined) {
      items.push(buildItem(scope, subscription, change, period));
      continue;
    }
    const known = items.find(({ id }) => id === change.id);
    if (!known)
      throw invalidRequest(`No such subscription item: '${change.id}'`, {
        code: 'resource_missing',
        param: 'items[0][id]',
      });
    items = change.deleted
      ? items.filter(({ id }) => id !== known.id)
      : items.map((item) => (item.id === known.id ? changedItem(scope, item, change) : item));
  }
  if (items.length === 0)
    throw invalidRequest('A subscription must have at least one active item.', { param: 'items' });
  return items;
}

function changedItem(scope: Scope, item: SubscriptionItem, change: ItemChange): SubscriptionItem {
  const price = change.price === undefined ? item.price : requireRecurring(scope, change.price);
  return {
    ...item,
    metadata: mergeMetadata(item.metadata, change.metadata),
    plan: planOf(price),
    price,
    quantity: change.quantity ?? item.quantity,
    ...(change.tax_rates && { tax_rates: change.tax_rates.map((rate) => scope.get('tax_rate', rate, 'tax_rates')) }),
  };
}

function intervalOf(items: readonly SubscriptionItem[]): string {
  const recurring = items[0]?.price.recurring;
  return recurring ? `${recurring.interval_count} ${recurring.interval}` : '';
}

/** Another interval begins a new period now. */
function restarted(scope: Scope, items: readonly SubscriptionItem[]): SubscriptionItem[] {
  return items.map((item) => ({
    ...item,
    current_period_start: scope.now,
    current_period_end: intervalsAfter(scope.now, item.price.recurring as Interval, 1),
  }));
}

function prorate(
  scope: Scope,
  subscription: Subscription,
  before: readonly SubscriptionItem[],
  after: readonly SubscriptionItem[],
  at: number,
  creditsOnly: boolean,
): void {
  const same = (a: SubscriptionItem, b: SubscriptionItem): boolean =>
    a.id === b.id && a.price.id === b.price.id && a.quantity === b.quantity && !creditsOnly;
  for (const item of before) {
    if (!after.some((other) => same(item, other))) prorated(scope, subscription, item, at, -1);
  }
  if (creditsOnly) return;
  for (const item of after) {
    if (!before.some((other) => same(item, other))) prorated(scope, subscription, item, at, 1);
  }
}

function prorated(scope: Scope, subscription: Subscription, item: SubscriptionItem, at: number, sign: 1 | -1): void {
  const { current_period_start: start, current_period_end: end, price, quantity = 1 } = item;
  const full = discounted(scope, subscription, price, quantity);
  const amount = sign * share(full, Math.max(0, end - at), end - start);
  const name = scope.maybe('product', price.product)?.name ?? price.product;
  const what = quantity === 1 ? name : `${quantity} × ${name}`;
  createItem(scope, {
    amount,
    currency: subscription.currency,
    customer: subscription.customer,
    description: `${sign < 0 ? 'Unused' : 'Remaining'} time on ${what} after ${formatDay(at)}`,
    price,
    quantity,
    period: { start: at, end },
    subscription: subscription.id,
    subscriptionItem: item.id,
    proration: true,
    taxRates: item.tax_rates?.map(({ id }) => id),
  });
}

/** Prorations include percentage discounts; what takes off a fixed amount counts on whole periods only. */
function discounted(scope: Scope, subscription: Subscription, price: Kinds['price'], quantity: number): number {
  const amount = (price.unit_amount ?? 0) * quantity;
  const rules = subscription.discounts.map((id) => ruleOf(scope, id)).filter(({ percentOff }) => percentOff !== null);
  const line = { amount, product: price.product, discountable: true, discounts: [], taxes: [] };
  return invoiceFigures({ lines: [line], discounts: rules, shippingAmount: 0, shippingTaxes: [] }).total;
}
