import { randomId, stripeEvent, type StripeEvent } from './stripe-events.js';

/** One month of a subscription that was paid with a coupon, as each version of Stripe's API tells it. */

export const API_VERSIONS = [
  '2018-05-21',
  '2019-03-14',
  '2020-08-27',
  '2022-11-15',
  '2024-06-20',
  '2025-03-31.basil',
  '2026-10-28.endive',
] as const;

export type ApiVersion = (typeof API_VERSIONS)[number];
type Fields = Record<string, unknown>;

export interface PaidMonth {
  ids: Record<'subscription' | 'invoice' | 'line' | 'charge' | 'price' | 'product' | 'coupon' | 'customer', string>;
  start: number;
  end: number;
  amountMinor: number;
  subscription: Fields;
  invoice: Fields;
  line: Fields;
  charge: Fields;
  discount: Fields;
  events: StripeEvent[];
}

const START = 1_514_764_800;
const END = 1_517_443_200;
const AMOUNT = 4_200;

const isSince = (version: ApiVersion, first: ApiVersion): boolean =>
  API_VERSIONS.indexOf(version) >= API_VERSIONS.indexOf(first);

export function paidMonth(version: ApiVersion): PaidMonth {
  const ids = {
    ...{ subscription: randomId('sub'), invoice: randomId('in'), charge: randomId('ch'), customer: randomId('cus') },
    ...{ price: randomId(isSince(version, '2020-08-27') ? 'price' : 'plan'), product: randomId('prod') },
    ...{ coupon: randomId('C'), line: randomId(isSince(version, '2020-08-27') ? 'il' : 'sli') },
  };
  // The oldest lines had no id of their own.
  if (version === '2018-05-21') ids.line = ids.subscription;
  const intent = randomId('pi');
  const line = lineOf(version, ids);
  const discount = discountOf(version, ids);
  const subscription = subscriptionOf(version, ids, discount);
  const invoice = invoiceOf(version, ids, { line, intent });
  const charge = chargeOf(version, ids, intent);
  const at = { apiVersion: version, created: END + 60 };
  const events = [
    stripeEvent('customer.subscription.updated', subscription, at),
    stripeEvent('charge.succeeded', charge, at),
    stripeEvent('invoice.payment_succeeded', invoice, at),
  ];
  if (isSince(version, '2025-03-31.basil'))
    events.push(stripeEvent('invoice_payment.paid', invoicePaymentOf(ids, intent), at));
  if (typeof discount.id === 'string') events.push(stripeEvent('customer.discount.created', discount, at));
  return { ids, start: START, end: END, amountMinor: AMOUNT, subscription, invoice, line, charge, discount, events };
}

function planOf(ids: PaidMonth['ids']): Fields {
  return { id: ids.price, object: 'plan', amount: AMOUNT, currency: 'usd', interval: 'month', product: ids.product };
}

function priceFields(version: ApiVersion, ids: PaidMonth['ids']): Fields {
  if (!isSince(version, '2020-08-27')) return { plan: planOf(ids) };
  const price = { id: ids.price, object: 'price', unit_amount: AMOUNT, currency: 'usd', product: ids.product };
  return { price, plan: planOf(ids) };
}

function lineOf(version: ApiVersion, ids: PaidMonth['ids']): Fields {
  const common = { id: ids.line, object: 'line_item', amount: AMOUNT, currency: 'usd', quantity: 1 };
  if (isSince(version, '2025-03-31.basil'))
    return {
      ...common,
      invoice: ids.invoice,
      parent: {
        type: 'subscription_item_details',
        subscription_item_details: { subscription: ids.subscription, subscription_item: 'si_1', proration: false },
      },
      pricing: { type: 'price_details', price_details: { price: ids.price, product: ids.product } },
      taxes: [],
    };
  const owner = version === '2018-05-21' ? {} : { subscription: ids.subscription, subscription_item: 'si_1' };
  return { ...common, type: 'subscription', proration: false, ...owner, ...priceFields(version, ids) };
}

function discountOf(version: ApiVersion, ids: PaidMonth['ids']): Fields {
  const common = {
    object: 'discount',
    customer: ids.customer,
    subscription: ids.subscription,
    start: START,
    end: null,
  };
  const coupon = { id: ids.coupon, object: 'coupon', percent_off: 10, duration: 'forever', valid: true };
  // Until 2020 a discount had no id.
  const id = isSince(version, '2020-08-27') ? { id: randomId('di'), promotion_code: null } : {};
  if (isSince(version, '2026-10-28.endive'))
    return { ...common, ...id, source: { type: 'coupon', coupon: ids.coupon } };
  return { ...common, ...id, coupon };
}

function subscriptionOf(version: ApiVersion, ids: PaidMonth['ids'], discount: Fields): Fields {
  const period = { current_period_start: START, current_period_end: END };
  const onItems = isSince(version, '2025-03-31.basil');
  const { price, plan } = priceFields(version, ids);
  const item = {
    ...{ id: randomId('si'), object: 'subscription_item', created: START, subscription: ids.subscription, quantity: 1 },
    ...(price === undefined ? {} : { price }),
    ...{ plan, ...(onItems ? period : {}) },
  };
  return {
    ...{ id: ids.subscription, object: 'subscription', created: START, customer: ids.customer, status: 'active' },
    ...(onItems ? {} : period),
    ...(onItems ? { discounts: [discount.id] } : { discount }),
    items: { object: 'list', data: [item], has_more: false },
  };
}

function invoiceOf(
  version: ApiVersion,
  ids: PaidMonth['ids'],
  { line, intent }: { line: Fields; intent: string },
): Fields {
  const common = {
    ...{
      id: ids.invoice,
      object: 'invoice',
      currency: 'usd',
      customer: ids.customer,
      total: AMOUNT,
      amount_due: AMOUNT,
    },
    lines: { object: 'list', data: [line], has_more: false },
  };
  if (version === '2018-05-21')
    return {
      ...common,
      date: END,
      paid: true,
      closed: true,
      forgiven: false,
      subscription: ids.subscription,
      charge: ids.charge,
    };
  const today = {
    ...common,
    ...{ created: END, status: 'paid', amount_paid: AMOUNT, amount_remaining: 0 },
    status_transitions: { finalized_at: END, paid_at: END, voided_at: null, marked_uncollectible_at: null },
  };
  if (isSince(version, '2025-03-31.basil'))
    return {
      ...today,
      amount_overpaid: 0,
      parent: { type: 'subscription_details', subscription_details: { subscription: ids.subscription } },
    };
  const withIntent = isSince(version, '2020-08-27') ? { payment_intent: intent } : {};
  return { ...today, paid: true, subscription: ids.subscription, charge: ids.charge, ...withIntent };
}

function chargeOf(version: ApiVersion, ids: PaidMonth['ids'], intent: string): Fields {
  return {
    ...{ id: ids.charge, object: 'charge', created: END, amount: AMOUNT, amount_refunded: 0, currency: 'usd' },
    ...{ captured: true, customer: ids.customer, paid: true, refunded: false, status: 'succeeded' },
    ...(isSince(version, '2020-08-27') ? { amount_captured: AMOUNT, payment_intent: intent } : {}),
    ...(isSince(version, '2025-03-31.basil') ? {} : { invoice: ids.invoice }),
  };
}

function invoicePaymentOf(ids: PaidMonth['ids'], intent: string): Fields {
  return {
    ...{ id: randomId('inpay'), object: 'invoice_payment', created: END, invoice: ids.invoice, status: 'paid' },
    ...{ amount_paid: AMOUNT, amount_requested: AMOUNT, currency: 'usd', is_default: true },
    payment: { type: 'payment_intent', payment_intent: intent },
  };
}
