import type pg from 'pg';
import Stripe from 'stripe';
import { StripeSandbox } from '../sandbox/stripe-sandbox.js';

type Template = Record<string, unknown>;

/** One real-looking object of each kind, as the sandbox answers it. */
interface Templates {
  price: Template;
  customer: Template;
  subscription: Template;
  item: Template;
  invoice: Template;
  line: Template;
  invoicePayment: Template;
  charge: Template;
  balanceTransaction: Template;
}

/** Rows of all tables that one customer comes to; a customer has one subscription and two paid invoices. */
export const ROWS_PER_CUSTOMER = 13;
export const INVOICES_PER_CUSTOMER = 2;
/** The settle keys of all that were paid. */
export const PAID_INVOICES = `SELECT workspace_id, account, 'invoice', id FROM stripe.invoices WHERE paid_at IS NOT NULL ORDER BY paid_at, id`;
const VERSION = '2026-10-28.endive';
/** Customers begin so many seconds apart, so that their months spread over years. */
const SECONDS_APART = 600;

/**
 * Fills the mirror in one statement per table, as a backfill would have left it, and has PostgreSQL count what it got.
 * Ids are `cus_b1`, `sub_b1`, `in_b1_1`, `ch_b1_1` and so on.
 */
export async function fillMirror(db: pg.Client, workspaceId: string, customers: number): Promise<void> {
  const templates = await templatesOf();
  const startedAt = Math.floor(Date.now() / 1000) - customers * SECONDS_APART - 60 * 86_400;
  for (const { table, template, fields, created, parent, perInvoice, once } of FILLS) {
    const series = `generate_series(1, ${once ? 'least(1, $4::int)' : '$4::int'}) AS n${perInvoice ? ` CROSS JOIN generate_series(1, ${INVOICES_PER_CUSTOMER}) AS k` : ''}`;
    await db.query(
      `INSERT INTO stripe.${table} (workspace_id, account, id, data, api_version, created, source_updated_at, source_rank${parent ? ', parent' : ''})
       SELECT $1, '', object->>'id', object, '${VERSION}', ${created ? 'to_timestamp(t)' : 'NULL'}, to_timestamp(t), 0${parent ? `, ${parent}` : ''}
         FROM ${series}
         CROSS JOIN LATERAL (SELECT $3::bigint + n * ${SECONDS_APART}::bigint + ${perInvoice ? 'k * 2592000::bigint' : '0'} AS t) AS at
         CROSS JOIN LATERAL (SELECT $2::jsonb || jsonb_build_object(${fields}) AS object) AS made`,
      [workspaceId, JSON.stringify(templates[template]), startedAt, customers],
    );
  }
  await db.query('ANALYZE');
}

interface Fill {
  table: string;
  template: keyof Templates;
  /** Over `n`, the customer's number, `k`, the invoice's, and `t`, the time in Unix seconds. */
  fields: string;
  created?: true;
  parent?: string;
  perInvoice?: true;
  /** One row for all customers. */
  once?: true;
}

const PERIOD = `jsonb_build_object('start', t, 'end', t + 2592000)`;
const PAID_AT = `jsonb_build_object('paid_at', t, 'finalized_at', t)`;
const PARENT = `jsonb_build_object('type', 'subscription_details', 'subscription_details', jsonb_build_object('subscription', 'sub_b' || n))`;
const LINE_PARENT = `jsonb_build_object('type', 'subscription_item_details', 'subscription_item_details',
  jsonb_build_object('subscription', 'sub_b' || n, 'subscription_item', 'si_b' || n, 'proration', false))`;

const FILLS: readonly Fill[] = [
  { table: 'prices', template: 'price', fields: `'created', t`, created: true, once: true },
  {
    table: 'customers',
    template: 'customer',
    fields: `'id', 'cus_b' || n, 'created', t, 'email', 'customer' || n || '@example.com', 'name', 'Customer ' || n`,
    created: true,
  },
  {
    table: 'subscriptions',
    template: 'subscription',
    fields: `'id', 'sub_b' || n, 'created', t, 'customer', 'cus_b' || n, 'start_date', t,
      'status', CASE WHEN n % 10 = 0 THEN 'canceled' ELSE 'active' END,
      'items', jsonb_set($2::jsonb->'items', '{data,0,id}', to_jsonb('si_b' || n))`,
    created: true,
  },
  {
    table: 'subscription_items',
    template: 'item',
    fields: `'id', 'si_b' || n, 'created', t, 'subscription', 'sub_b' || n, 'quantity', 1 + n % 5`,
    created: true,
    parent: `'sub_b' || n`,
  },
  {
    table: 'invoices',
    template: 'invoice',
    fields: `'id', 'in_b' || n || '_' || k, 'created', t, 'customer', 'cus_b' || n, 'parent', ${PARENT}, 'status_transitions', ${PAID_AT},
      'status', CASE WHEN n % 50 = 0 AND k = 2 THEN 'open' ELSE 'paid' END`,
    created: true,
    perInvoice: true,
  },
  {
    table: 'invoice_line_items',
    template: 'line',
    fields: `'id', 'il_b' || n || '_' || k, 'invoice', 'in_b' || n || '_' || k, 'subscription', 'sub_b' || n, 'parent', ${LINE_PARENT}, 'period', ${PERIOD}`,
    parent: `'in_b' || n || '_' || k`,
    perInvoice: true,
  },
  {
    table: 'invoice_payments',
    template: 'invoicePayment',
    fields: `'id', 'inpay_b' || n || '_' || k, 'created', t, 'invoice', 'in_b' || n || '_' || k,
      'payment', jsonb_build_object('type', 'payment_intent', 'payment_intent', 'pi_b' || n || '_' || k)`,
    created: true,
    perInvoice: true,
  },
  {
    table: 'charges',
    template: 'charge',
    fields: `'id', 'ch_b' || n || '_' || k, 'created', t, 'customer', 'cus_b' || n, 'payment_intent', 'pi_b' || n || '_' || k, 'balance_transaction', 'txn_b' || n || '_' || k`,
    created: true,
    perInvoice: true,
  },
  {
    table: 'balance_transactions',
    template: 'balanceTransaction',
    fields: `'id', 'txn_b' || n || '_' || k, 'created', t, 'source', 'ch_b' || n || '_' || k`,
    created: true,
    perInvoice: true,
  },
];

async function templatesOf(): Promise<Templates> {
  const sandbox = await StripeSandbox.start({ port: 0 });
  try {
    const { host, port } = sandbox;
    const stripe = new Stripe('sk_test_sandbox', { host, port, protocol: 'http', telemetry: false });
    const price = await stripe.prices.create({
      ...{ currency: 'usd', unit_amount: 2_500, recurring: { interval: 'month' }, product_data: { name: 'Pro' } },
    });
    const card = 'pm_card_visa';
    const customer = await stripe.customers.create({
      ...{
        name: 'Ada',
        email: 'ada@example.com',
        payment_method: card,
        invoice_settings: { default_payment_method: card },
      },
      address: { line1: 'Hauptstraße 1', postal_code: '10115', city: 'Berlin', country: 'DE' },
      metadata: { user: 'user_1', plan: 'pro' },
    });
    const subscription = await stripe.subscriptions.create({ customer: customer.id, items: [{ price: price.id }] });
    const [invoice] = (await stripe.invoices.list({ customer: customer.id })).data;
    const [charge] = (await stripe.charges.list({ customer: customer.id })).data;
    const [invoicePayment] = (await stripe.invoicePayments.list({ invoice: invoice?.id })).data;
    const [balanceTransaction] = (await stripe.balanceTransactions.list({ source: charge?.id })).data;
    const [item, line] = [subscription.items.data[0], invoice?.lines.data[0]];
    const made = { price, customer, subscription, item, invoice, line, invoicePayment, charge, balanceTransaction };
    return made as unknown as Templates;
  } finally {
    await sandbox.stop();
  }
}
