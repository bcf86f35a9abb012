import type { Scope } from '../core/scope.js';
import type { Kinds } from '../core/wire.js';
import { invoiceFigures } from '../money/invoice-math.js';
import { share } from '../money/rounding.js';
import { ruleOf } from './discounts.js';
import { createItem } from './invoice-lines.js';
import { amountFor } from './price-tiers.js';
import { isMetered, type Subscription, type SubscriptionItem } from './subscription-items.js';
import { formatDay } from './wording.js';

/**
 * Invoice items for a change in the middle of a period: what was paid for and not used is credited, the rest of the
 * period charged. With `creditsOnly` a new period begins, which is charged as a whole by itself.
 */
export function prorate(
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

/** Charges the items for a first period that is shorter than a whole one would be. */
export function chargePart(
  scope: Scope,
  subscription: Subscription,
  items: readonly SubscriptionItem[],
  wholeStart: number,
): void {
  for (const item of items) {
    const whole = { ...item, current_period_start: wholeStart };
    prorated(scope, subscription, whole, item.current_period_start, 1);
  }
}

function prorated(scope: Scope, subscription: Subscription, item: SubscriptionItem, at: number, sign: 1 | -1): void {
  if (isMetered(item.price)) return;
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
  const amount = amountFor(scope, price, quantity);
  const rules = subscription.discounts.map((id) => ruleOf(scope, id)).filter(({ percentOff }) => percentOff !== null);
  const line = { amount, product: price.product, discountable: true, discounts: [], taxes: [] };
  return invoiceFigures({ lines: [line], discounts: rules, shippingAmount: 0, shippingTaxes: [] }).total;
}
