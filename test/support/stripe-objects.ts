import { randomId, type StripeObject } from './stripe-events.js';

/** Builders of objects as Stripe sends them today; a test states only what it is about. */

type Fields = Record<string, unknown>;

export function customer(fields: Fields = {}): StripeObject {
  return {
    id: randomId('cus'),
    object: 'customer',
    created: 1_780_000_000,
    livemode: false,
    email: null,
    metadata: {},
    balance: 0,
    ...fields,
  };
}

export function subscriptionItem(fields: Fields = {}): StripeObject {
  return {
    id: randomId('si'),
    object: 'subscription_item',
    created: 1_780_000_000,
    current_period_start: 1_780_000_000,
    current_period_end: 1_782_592_000,
    price: { id: 'price_basic', object: 'price', product: 'prod_basic' },
    quantity: 1,
    ...fields,
  };
}

export function subscription(fields: Fields = {}, items: StripeObject[] = [subscriptionItem()]): StripeObject {
  return {
    id: randomId('sub'),
    object: 'subscription',
    created: 1_780_000_000,
    livemode: false,
    customer: 'cus_nobody',
    status: 'active',
    discounts: [],
    metadata: {},
    pause_collection: null,
    items: { object: 'list', data: items, has_more: false, total_count: items.length },
    ...fields,
  };
}

export function invoiceLine(fields: Fields = {}): StripeObject {
  return {
    id: randomId('il'),
    object: 'line_item',
    amount: 5_000,
    currency: 'usd',
    discount_amounts: [],
    discounts: [],
    taxes: [],
    quantity: 1,
    parent: null,
    ...fields,
  };
}

/** Paid, with amounts that follow from its lines, unless the fields say otherwise. */
export function invoice(fields: Fields = {}, lines: StripeObject[] = [invoiceLine()]): StripeObject {
  const total = lines.reduce((sum, line) => sum + Number(line.amount), 0);
  const created = Number(fields.created ?? 1_780_000_000);
  return {
    id: randomId('in'),
    object: 'invoice',
    created,
    livemode: false,
    currency: 'usd',
    customer: 'cus_nobody',
    status: 'paid',
    subtotal: total,
    total,
    amount_due: total,
    amount_paid: total,
    amount_remaining: 0,
    discounts: [],
    total_discount_amounts: [],
    total_taxes: [],
    parent: null,
    status_transitions: { finalized_at: created, marked_uncollectible_at: null, paid_at: created, voided_at: null },
    lines: { object: 'list', data: lines, has_more: false, total_count: lines.length },
    metadata: {},
    ...fields,
  };
}

export function invoicePayment(
  invoiceId: string,
  paymentIntent: string,
  amount: number,
  fields: Fields = {},
): StripeObject {
  return {
    id: randomId('inpay'),
    object: 'invoice_payment',
    created: 1_780_000_000,
    livemode: false,
    invoice: invoiceId,
    amount_paid: amount,
    amount_requested: amount,
    currency: 'usd',
    is_default: true,
    payment: { type: 'payment_intent', payment_intent: paymentIntent },
    status: 'paid',
    status_transitions: { canceled_at: null, paid_at: 1_780_000_000 },
    ...fields,
  };
}

export function charge(fields: Fields = {}): StripeObject {
  return {
    id: randomId('ch'),
    object: 'charge',
    created: 1_780_000_000,
    livemode: false,
    amount: 5_000,
    amount_captured: 5_000,
    amount_refunded: 0,
    currency: 'usd',
    customer: null,
    payment_intent: null,
    refunded: false,
    status: 'succeeded',
    ...fields,
  };
}

export function refund(chargeId: string, amount: number, fields: Fields = {}): StripeObject {
  return {
    id: randomId('re'),
    object: 'refund',
    created: 1_780_000_100,
    amount,
    currency: 'usd',
    charge: chargeId,
    payment_intent: null,
    status: 'succeeded',
    ...fields,
  };
}

export function checkoutSession(fields: Fields = {}): StripeObject {
  return {
    id: randomId('cs'),
    object: 'checkout.session',
    created: 1_780_000_000,
    livemode: false,
    mode: 'subscription',
    status: 'complete',
    payment_status: 'paid',
    client_reference_id: null,
    customer: null,
    subscription: null,
    invoice: null,
    payment_intent: null,
    discounts: [],
    metadata: {},
    ...fields,
  };
}
