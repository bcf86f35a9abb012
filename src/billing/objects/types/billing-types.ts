import { Customer } from '../customer.entity.js';
import { InvoiceLineItem } from '../invoice-line-item.entity.js';
import { InvoicePayment } from '../invoice-payment.entity.js';
import { Invoice } from '../invoice.entity.js';
import type { ObjectTypeRow } from '../object-type.js';
import {
  byField,
  CREATE_UPDATE,
  CREATE_UPDATE_DELETE,
  keys,
  list,
  refs,
  statusIn,
  texts,
  under,
} from '../row-parts.js';
import type { StripeData } from '../stripe-model.entity.js';
import { SubscriptionItem } from '../subscription-item.entity.js';
import { Subscription } from '../subscription.entity.js';

function payment(data: StripeData): { payment_intent?: unknown } {
  return (data.payment ?? {}) as { payment_intent?: unknown };
}

const DISCOUNTS = [
  { field: 'discount', object: 'discount', owned: false },
  { field: 'discounts', object: 'discount', owned: false },
];

/** Customers and what they are billed. */
export const BILLING_TYPES: readonly ObjectTypeRow[] = [
  {
    object: 'customer',
    table: 'customers',
    idPrefix: 'cus_',
    path: '/v1/customers',
    // What webhooks leave out of a customer comes along with the list, at no further request.
    lists: [list('/v1/customers', { expand: ['tax_ids', 'sources', 'cash_balance'] })],
    writes: CREATE_UPDATE_DELETE,
    dashboard: 'customers',
    model: Customer,
    embedded: [
      { field: 'discount', object: 'discount', owned: false },
      { field: 'tax_ids', object: 'tax_id', owned: false, list: '/v1/customers/{id}/tax_ids' },
      {
        field: 'sources',
        object: ['card', 'bank_account', 'source'],
        owned: false,
        list: '/v1/customers/{id}/sources',
      },
      { field: 'cash_balance', object: 'cash_balance', owned: false },
      { field: 'subscriptions', object: 'subscription', owned: false },
    ],
    touches: (_, id) => keys(['customer', id]),
  },
  {
    object: 'subscription',
    table: 'subscriptions',
    idPrefix: 'sub_',
    path: '/v1/subscriptions',
    // Without the status Stripe leaves the canceled ones out.
    lists: [list('/v1/subscriptions?status=all')],
    writes: CREATE_UPDATE_DELETE,
    dashboard: 'subscriptions',
    model: Subscription,
    embedded: [
      { field: 'items', object: 'subscription_item', owned: true, list: '/v1/subscription_items?subscription={id}' },
      ...DISCOUNTS,
    ],
    isTerminal: statusIn('canceled', 'incomplete_expired'),
    touches: (data) => keys(['customer', data.customer]),
  },
  {
    object: 'invoice',
    table: 'invoices',
    idPrefix: 'in_',
    path: '/v1/invoices',
    writes: CREATE_UPDATE_DELETE,
    dashboard: 'invoices',
    model: Invoice,
    embedded: [
      { field: 'lines', object: 'line_item', owned: true, list: '/v1/invoices/{id}/lines' },
      { field: 'payments', object: 'invoice_payment', owned: false, list: '/v1/invoice_payments?invoice={id}' },
      ...DISCOUNTS,
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
    object: 'invoiceitem',
    table: 'invoice_items',
    idPrefix: 'ii_',
    path: '/v1/invoiceitems',
    writes: CREATE_UPDATE_DELETE,
    hasCreated: false,
    columns: refs('customer', 'invoice'),
  },
  {
    object: 'credit_note',
    table: 'credit_notes',
    idPrefix: 'cn_',
    path: '/v1/credit_notes',
    writes: CREATE_UPDATE,
    columns: { ...refs('invoice', 'customer'), ...texts('status') },
    embedded: [{ field: 'lines', object: 'credit_note_line_item', owned: true, list: '/v1/credit_notes/{id}/lines' }],
    isTerminal: statusIn('void'),
    touches: (data) => keys(['invoice', data.invoice]),
  },
  {
    object: 'subscription_schedule',
    table: 'subscription_schedules',
    idPrefix: 'sub_sched_',
    path: '/v1/subscription_schedules',
    writes: CREATE_UPDATE,
    columns: { ...refs('customer', 'subscription'), ...texts('status') },
    isTerminal: statusIn('canceled', 'completed', 'released'),
  },
  {
    object: 'quote',
    table: 'quotes',
    idPrefix: 'qt_',
    path: '/v1/quotes',
    timeless: true,
    writes: CREATE_UPDATE,
    dashboard: 'quotes',
    columns: { ...refs('customer', 'subscription', 'invoice'), ...texts('status') },
    isTerminal: statusIn('accepted', 'canceled'),
  },
  {
    object: 'invoice_rendering_template',
    table: 'invoice_rendering_templates',
    idPrefix: 'inrtem_',
    path: '/v1/invoice_rendering_templates',
    timeless: true,
    columns: texts('status'),
  },
  {
    object: 'customer_balance_transaction',
    table: 'customer_balance_transactions',
    idPrefix: 'cbtxn_',
    path: '/v1/customers/{customer}/balance_transactions',
    lists: [under('customer', '/v1/customers/{id}/balance_transactions')],
    writes: CREATE_UPDATE,
    columns: { ...refs('customer', 'invoice'), ...texts('type') },
  },
  {
    object: 'customer_cash_balance_transaction',
    table: 'customer_cash_balance_transactions',
    idPrefix: 'ccsbtxn_',
    path: '/v1/customers/{customer}/cash_balance_transactions',
    // Only customers that ever had a cash balance have any.
    lists: [under('cash_balance', '/v1/customers/{id}/cash_balance_transactions')],
    columns: { ...refs('customer'), ...texts('type') },
  },
  {
    object: 'cash_balance',
    table: 'cash_balances',
    idPrefix: 'cus_',
    identify: byField('customer'),
    singlePath: '/v1/customers/{customer}/cash_balance',
    hasCreated: false,
    lists: [],
    columns: refs('customer'),
  },
  {
    object: 'tax_id',
    table: 'tax_ids',
    idPrefix: 'txi_',
    path: ['/v1/customers/{customer}/tax_ids', '/v1/tax_ids'],
    lists: [list('/v1/tax_ids', { byCreated: false })],
    writes: ['create', 'delete'],
    columns: { ...refs('customer'), ...texts('type') },
  },
  {
    object: 'subscription_item',
    table: 'subscription_items',
    idPrefix: 'si_',
    path: '/v1/subscription_items',
    lists: [],
    writes: CREATE_UPDATE_DELETE,
    model: SubscriptionItem,
    hasParent: true,
  },
  {
    object: 'line_item',
    table: 'invoice_line_items',
    idPrefix: 'il_',
    model: InvoiceLineItem,
    hasParent: true,
    hasCreated: false,
  },
  {
    object: 'credit_note_line_item',
    table: 'credit_note_line_items',
    idPrefix: 'cnli_',
    hasParent: true,
    hasCreated: false,
    columns: texts('type'),
  },
];
