import { EntitySchema, type EntitySchemaColumnOptions, type EntityTarget } from 'typeorm';
import { Account } from './account.entity.js';
import { Charge } from './charge.entity.js';
import { Customer } from './customer.entity.js';
import { InvoiceLineItem } from './invoice-line-item.entity.js';
import { InvoicePayment } from './invoice-payment.entity.js';
import { Invoice } from './invoice.entity.js';
import { PaymentMethod } from './payment-method.entity.js';
import { refId, type TouchedKey } from './shapes.js';
import type { StripeData, StripeModel } from './stripe-model.entity.js';
import { SubscriptionItem } from './subscription-item.entity.js';
import { Subscription } from './subscription.entity.js';

/** Where an object carries others inside itself. */
export interface EmbeddedRule {
  field: string;
  object: string;
  /**
   * An owned list is complete and lives and dies with its parent (lines, items): it is written only when the parent's
   * version won, and what is missing from it is gone. Anything else seen inside an object is a state like any other.
   */
  owned: boolean;
}

/** One row per Stripe object type: all that the mirror knows of it. */
export interface StripeObjectType {
  /** Stripe's `object` value. */
  object: string;
  /** The table in schema `stripe`, and the name in `/v1/billing/<table>`. */
  table: string;
  model: EntityTarget<StripeModel>;
  /** The collection in Stripe's API, `null` where an object is reached only through its parent. */
  path: string | null;
  idPrefix: string;
  embedded: readonly EmbeddedRule[];
  /** Whether the type's objects carry `created`. */
  hasCreated: boolean;
  /** Whether the rows keep their parent's id in `parent`. */
  hasParent: boolean;
  /** A state that no later one follows; decides a tie within one second as a last resort. */
  isTerminal: (data: StripeData) => boolean;
  /** What must be settled again when a row of this type changes. */
  touches: (data: StripeData, id: string) => TouchedKey[];
}

const never = (): boolean => false;
const nothing = (): TouchedKey[] => [];
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

type Row = Pick<StripeObjectType, 'object' | 'table' | 'idPrefix'> & Partial<StripeObjectType> & { columns?: Columns };
type Columns = Record<
  string,
  readonly [type: 'text' | 'boolean' | 'timestamptz', expression: string, indexed?: 'indexed']
>;

const ref = (field: string) => `stripe.ref(data->'${field}')`;

/** Parents stand before what they embed: tables are written in this order, so that two workers never wait for each other. */
const ROWS: readonly Row[] = [
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
      payment_intent: ['text', ref('payment_intent')],
      status: ['text', `data->>'status'`],
    },
    isTerminal: statusIn('won', 'lost', 'warning_closed'),
    touches: (data) => keys(['charge', data.charge]),
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

export const STRIPE_OBJECT_TYPES: readonly StripeObjectType[] = ROWS.map(({ columns, ...row }) => ({
  path: null,
  embedded: [],
  hasCreated: true,
  hasParent: false,
  isTerminal: never,
  touches: nothing,
  model: schemaOf(row.table, columns ?? {}, row.hasCreated ?? true) as unknown as EntityTarget<StripeModel>,
  ...row,
}));

const BY_OBJECT = new Map(STRIPE_OBJECT_TYPES.map((type) => [type.object, type]));
const BY_TABLE = new Map(STRIPE_OBJECT_TYPES.map((type) => [type.table, type]));
const OTHER = STRIPE_OBJECT_TYPES[STRIPE_OBJECT_TYPES.length - 1] as StripeObjectType;

/** The row for Stripe's `object` value; an unknown one is kept in `stripe.other_objects`. */
export function typeOfObject(object: unknown): StripeObjectType {
  return (typeof object === 'string' && object !== '' ? BY_OBJECT.get(object) : undefined) ?? OTHER;
}

/** The row for a table's name, or null. */
export function typeOfTable(table: string): StripeObjectType | null {
  return BY_TABLE.get(table) ?? null;
}

/** Position in the order in which tables are written. */
export function writeOrder(type: StripeObjectType): number {
  return STRIPE_OBJECT_TYPES.indexOf(type);
}

/** The table's definition for types that no code works with, from the same parts as the classes'. */
function schemaOf(table: string, columns: Columns, hasCreated: boolean): EntitySchema {
  const generated = Object.entries(columns).map(([name, [type, asExpression]]): [string, EntitySchemaColumnOptions] => [
    camelCase(name),
    { name, type, nullable: true, generatedType: 'STORED', asExpression, insert: false, update: false },
  ]);
  const indexed = Object.entries(columns).filter(([, column]) => column[2] === 'indexed');
  return new EntitySchema({
    name: `stripe.${table}`,
    schema: 'stripe',
    tableName: table,
    columns: {
      workspaceId: { name: 'workspace_id', type: 'text', primary: true },
      account: { type: 'text', primary: true },
      id: { type: 'text', primary: true },
      data: { type: 'jsonb' },
      apiVersion: { name: 'api_version', type: 'text', nullable: true },
      created: { type: 'timestamptz', nullable: true },
      sourceUpdatedAt: { name: 'source_updated_at', type: 'timestamptz' },
      sourceRank: { name: 'source_rank', type: 'integer' },
      sourceEventId: { name: 'source_event_id', type: 'text', nullable: true },
      undecided: { type: 'boolean', default: false },
      deletedAt: { name: 'deleted_at', type: 'timestamptz', nullable: true },
      syncedAt: { name: 'synced_at', type: 'timestamptz', default: () => 'now()' },
      ...Object.fromEntries(generated),
    },
    indices: [
      ...(hasCreated ? [{ name: `${table}_created`, columns: ['workspaceId', 'created', 'id'] }] : []),
      ...indexed.map(([name]) => ({ name: `${table}_${name}`, columns: ['workspaceId', camelCase(name)] })),
    ],
  });
}

function camelCase(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
