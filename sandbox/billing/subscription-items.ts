import { invalidRequest } from '../core/errors.js';
import { stripeId } from '../core/ids.js';
import type { Scope } from '../core/scope.js';
import type { Kinds } from '../core/wire.js';
import { embedded } from '../http/listing.js';
import { redeemAll, type DiscountRequest } from './discounts.js';

export type SubscriptionItem = Kinds['subscription_item'];
export type Subscription = Kinds['subscription'];
type Price = Kinds['price'];

export interface ItemRequest {
  price?: string;
  quantity?: number;
  metadata?: Record<string, string>;
  discounts?: DiscountRequest[];
  tax_rates?: string[];
}
export interface Period {
  start: number;
  end: number;
}

export function requireRecurring(scope: Scope, id: string | undefined, param = 'items[0][price]'): Price {
  if (id === undefined) throw invalidRequest(`Missing required param: ${param}.`, { code: 'parameter_missing', param });
  const price = scope.get('price', id, param);
  if (!price.recurring) {
    throw invalidRequest(
      `The price specified is set to \`type=one_time\` but this field only accepts prices with \`type=recurring\`.`,
      { param },
    );
  }
  if (!price.active) throw invalidRequest(`The price specified is inactive: ${id}.`, { param });
  return price;
}

export function buildItem(
  scope: Scope,
  subscription: { id: string; customer: string },
  request: ItemRequest,
  period: Period,
): SubscriptionItem {
  const id = stripeId('si', 14);
  const price = requireRecurring(scope, request.price);
  const target = { customer: subscription.customer, subscription: subscription.id, subscriptionItem: id };
  return {
    id,
    object: 'subscription_item',
    billing_thresholds: null,
    created: scope.now,
    current_period_end: period.end,
    current_period_start: period.start,
    current_trial: null,
    discounts: redeemAll(scope, request.discounts ?? [], { ...target, currency: price.currency }),
    metadata: request.metadata ?? {},
    plan: planOf(price),
    price,
    ...quantityOf(price, request.quantity),
    subscription: subscription.id,
    tax_rates: (request.tax_rates ?? []).map((rate) => scope.get('tax_rate', rate, 'tax_rates')),
  };
}

export const isMetered = ({ recurring }: Price): boolean => recurring?.usage_type === 'metered';

/** What is metered has no quantity until it is billed. */
export const quantityOf = (price: Price, quantity: number | undefined): Pick<SubscriptionItem, 'quantity'> =>
  isMetered(price) ? {} : { quantity: quantity ?? 1 };

/** The older face of a price, which items still carry. */
export function planOf(price: Price): SubscriptionItem['plan'] {
  const { recurring } = price;
  return {
    id: price.id,
    object: 'plan',
    active: price.active,
    amount: price.unit_amount,
    amount_decimal: price.unit_amount_decimal,
    billing_scheme: price.billing_scheme,
    created: price.created,
    currency: price.currency,
    interval: recurring?.interval ?? 'month',
    interval_count: recurring?.interval_count ?? 1,
    livemode: false,
    metadata: price.metadata,
    meter: recurring?.meter ?? null,
    nickname: price.nickname,
    product: price.product,
    tiers_mode: price.tiers_mode,
    transform_usage: null,
    trial_period_days: null,
    usage_type: recurring?.usage_type ?? 'licensed',
  };
}

/** The list that the subscription shows; the items' own rows follow it. */
export function itemList(
  scope: Scope,
  subscription: string,
  items: readonly SubscriptionItem[],
): Subscription['items'] {
  const kept = new Set(items.map(({ id }) => id));
  for (const item of items) scope.insert('subscription_item', item);
  const known = scope.maybe('subscription', subscription);
  for (const gone of known ? itemsOf(scope, known) : []) {
    if (!kept.has(gone.id)) scope.remove('subscription_item', gone);
  }
  return embedded(items, `/v1/subscription_items?subscription=${subscription}`);
}

/** All items of the subscription, whose own list ends where Stripe's embedded lists do. */
export function itemsOf(scope: Scope, { id, items }: Subscription): SubscriptionItem[] {
  if (!items.has_more) return items.data;
  return scope.all('subscription_item', ({ subscription }) => subscription === id);
}

/** When the running period of the subscription ends: the first of its items' ends. */
export const periodEnd = ({ items }: Subscription): number =>
  Math.min(...items.data.map(({ current_period_end }) => current_period_end));
