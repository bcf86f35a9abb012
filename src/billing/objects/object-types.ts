import { Account } from './account.entity.js';
import { Charge } from './charge.entity.js';
import { Customer } from './customer.entity.js';
import { InvoiceLineItem } from './invoice-line-item.entity.js';
import { InvoicePayment } from './invoice-payment.entity.js';
import { Invoice } from './invoice.entity.js';
import type { ObjectTypeRow } from './object-type.js';
import { PaymentMethod } from './payment-method.entity.js';
import { refId, type TouchedKey } from './shapes.js';
import type { StripeData } from './stripe-model.entity.js';
import { SubscriptionItem } from './subscription-item.entity.js';
import { Subscription } from './subscription.entity.js';

const statusIn =
  (...states: string[]) =>
  (data: StripeData): boolean =>
    states.includes(String(data.status));

/** Keys for those of the references that are set. */
function keys(...pairs: Array<[TouchedKey['kind'], unknown]>): TouchedKey[] {
  return pairs.flatMap(([kind, reference]) => {
    const id = refId(reference);
    return id === null ? [] : [{ kind, id }];
  });
}

function payment(data: StripeData): { payment_intent?: unknown; charge?: unknown } {
  return (data.payment ?? {}) as { payment_intent?: unknown; charge?: unknown };
}

const ref = (field: string) => `stripe.ref(data->'${field}')`;

/** Parents stand before what they embed: tables are written in this order, so that two workers never wait for each other. */
export const OBJECT_TYPE_ROWS: readonly ObjectTypeRow[] = [
  {
    object: 'account',
    table: 'accounts',
    idPrefix: 'acct_',
    path: '/v1/accounts',
    model: Account,
    touches: (_, id) => keys(['account', id]),
  },
  {
    object: 'customer',
    table: 'customers',
    idPrefix: 'cus_',
    path: '/v1/customers',
    model: Customer,
    embedded: [{ field: 'discount', object: 'discount', owned: false }],
    touches: (_, id) => keys(['customer', id]),
  },
  {
    object: 'subscription',
    table: 'subscriptions',
    idPrefix: 'sub_',
    path: '/v1/subscriptions',
    model: Subscription,
    embedded: [
      { field: 'items', object: 'subscription_item', owned: true },
      { field: 'discount', object: 'discount', owned: false },
      { field: 'discounts', object: 'discount', owned: false },
    ],
    isTerminal: statusIn('canceled', 'incomplete_expired'),
    touches: (data) => keys(['customer', data.customer]),
  },
  {
    object: 'invoice',
    table: 'invoices',
    idPrefix: 'in_',
    path: '/v1/invoices',
    model: Invoice,
    embedded: [
      { field: 'lines', object: 'line_item', owned: true },
      { field: 'payments', object: 'invoice_payment', owned: false },
      { field: 'discount', object: 'discount', owned: false },
      { field: 'discounts', object: 'discount', owned: false },
    ],
    isTerminal: (data) => ['paid', 'void'].includes(String(data.status)) || data.paid === true,
    touches: (_, id) => keys(['invoice', id]),
  },
  {
    object: 'invoice_payment',
    table: 'invoice_payments',
    idPrefix: 'inpay_',
    path: '/v1/invoice_payments',
    model: InvoicePayment,
    isTerminal: statusIn('paid', 'canceled'),
    touches: (data) => keys(['invoice', data.invoice], ['payment_intent', payment(data).payment_intent]),
  },
  {
    object: 'payment_intent',
    table: 'payment_intents',
    idPrefix: 'pi_',
    path: '/v1/payment_intents',
    columns: {
      customer: ['text', ref('customer'), 'indexed'],
      invoice: ['text', ref('invoice'), 'indexed'],
      status: ['text', `data->>'status'`],
    },
    embedded: [{ field: 'charges', object: 'charge', owned: false }],
    isTerminal: statusIn('succeeded', 'canceled'),
    touches: (_, id) => keys(['payment_intent', id]),
  },
  {
    object: 'charge',
    table: 'charges',
    idPrefix: 'ch_',
    path: '/v1/charges',
    model: Charge,
    embedded: [{ field: 'refunds', object: 'refund', owned: false }],
    isTerminal: (data) => data.refunded === true || data.status === 'failed',
    touches: (_, id) => keys(['charge', id]),
  },
  {
    object: 'refund',
    table: 'refunds',
    idPrefix: 're_',
    path: '/v1/refunds',
    columns: {
      charge: ['text', ref('charge'), 'indexed'],
      payment_intent: ['text', ref('payment_intent'), 'indexed'],
      status: ['text', `data->>'status'`],
    },
    isTerminal: statusIn('failed', 'canceled'),
    touches: (data) => keys(['charge', data.charge], ['payment_intent', data.payment_intent]),
  },
  {
    object: 'dispute',
    table: 'disputes',
    idPrefix: 'dp_',
    path: '/v1/disputes',
    columns: {
      charge: ['text', ref('charge'), 'indexed'],
      payment_intent: ['text', ref('payment_intent'), 'indexed'],
      status: ['text', `data->>'status'`],
    },
    isTerminal: statusIn('won', 'lost', 'warning_closed'),
    touches: (data) => keys(['charge', data.charge], ['payment_intent', data.payment_intent]),
  },
  {
    object: 'payment_method',
    table: 'payment_methods',
    idPrefix: 'pm_',
    path: '/v1/payment_methods',
    model: PaymentMethod,
  },
  {
    object: 'product',
    table: 'products',
    idPrefix: 'prod_',
    path: '/v1/products',
    columns: { active: ['boolean', `stripe.flag(data->'active')`] },
  },
  {
    object: 'price',
    table: 'prices',
    idPrefix: 'price_',
    path: '/v1/prices',
    columns: { product: ['text', ref('product'), 'indexed'], active: ['boolean', `stripe.flag(data->'active')`] },
  },
  { object: 'coupon', table: 'coupons', idPrefix: '', path: '/v1/coupons' },
  {
    object: 'promotion_code',
    table: 'promotion_codes',
    idPrefix: 'promo_',
    path: '/v1/promotion_codes',
    columns: {
      code: ['text', `data->>'code'`, 'indexed'],
      coupon: ['text', `coalesce(stripe.ref(data->'coupon'), stripe.ref(data#>'{promotion,coupon}'))`],
      active: ['boolean', `stripe.flag(data->'active')`],
    },
    touches: (_, id) => keys(['promotion_code', id]),
  },
  {
    object: 'discount',
    table: 'discounts',
    idPrefix: 'di_',
    path: null,
    hasCreated: false,
    embedded: [{ field: 'coupon', object: 'coupon', owned: false }],
    columns: {
      customer: ['text', ref('customer'), 'indexed'],
      subscription: ['text', ref('subscription')],
      invoice: ['text', ref('invoice')],
      coupon: ['text', `coalesce(stripe.ref(data->'coupon'), stripe.ref(data#>'{source,coupon}'))`],
      promotion_code: ['text', ref('promotion_code'), 'indexed'],
    },
    touches: (data) => keys(['customer', data.customer]),
  },
  {
    object: 'checkout.session',
    table: 'checkout_sessions',
    idPrefix: 'cs_',
    path: '/v1/checkout/sessions',
    columns: {
      customer: ['text', ref('customer'), 'indexed'],
      client_reference_id: ['text', `data->>'client_reference_id'`, 'indexed'],
      payment_intent: ['text', ref('payment_intent'), 'indexed'],
      subscription: ['text', ref('subscription')],
      invoice: ['text', ref('invoice')],
      promotion_code: ['text', `stripe.ref(data#>'{discounts,0,promotion_code}')`, 'indexed'],
      status: ['text', `data->>'status'`],
    },
    isTerminal: (data) => data.status === 'expired' || data.payment_status === 'paid',
    touches: (data, id) => keys(['checkout_session', id], ['customer', data.customer]),
  },
  {
    object: 'balance_transaction',
    table: 'balance_transactions',
    idPrefix: 'txn_',
    path: '/v1/balance_transactions',
    columns: { source: ['text', ref('source'), 'indexed'], type: ['text', `data->>'type'`] },
  },
  {
    object: 'transfer',
    table: 'transfers',
    idPrefix: 'tr_',
    path: '/v1/transfers',
    columns: {
      destination: ['text', ref('destination'), 'indexed'],
      transfer_group: ['text', `data->>'transfer_group'`, 'indexed'],
    },
    isTerminal: (data) => data.reversed === true,
    touches: (_, id) => keys(['transfer', id]),
  },
  {
    object: 'payout',
    table: 'payouts',
    idPrefix: 'po_',
    path: '/v1/payouts',
    columns: { status: ['text', `data->>'status'`] },
    isTerminal: statusIn('failed', 'canceled'),
    touches: (_, id) => keys(['payout', id]),
  },
  {
    object: 'credit_note',
    table: 'credit_notes',
    idPrefix: 'cn_',
    path: '/v1/credit_notes',
    columns: { invoice: ['text', ref('invoice'), 'indexed'], status: ['text', `data->>'status'`] },
    isTerminal: statusIn('void'),
    touches: (data) => keys(['invoice', data.invoice]),
  },
  {
    object: 'subscription_item',
    table: 'subscription_items',
    idPrefix: 'si_',
    path: null,
    model: SubscriptionItem,
    hasParent: true,
  },
  {
    object: 'line_item',
    table: 'invoice_line_items',
    idPrefix: 'il_',
    path: null,
    model: InvoiceLineItem,
    hasParent: true,
    hasCreated: false,
  },
  {
    // Not a type of Stripe's: every object whose type has no row above, so that nothing is lost.
    object: '',
    table: 'other_objects',
    idPrefix: '',
    path: null,
    columns: { object: ['text', `data->>'object'`, 'indexed'] },
  },
];
