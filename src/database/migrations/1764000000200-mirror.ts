import type { MigrationInterface, QueryRunner } from 'typeorm';

import { generatedColumnsSql, registerGeneratedColumns, type GeneratedColumn } from '../generated-columns.js';

/** The functions that generated columns call. Immutable, and qualified by their schema so that a restored dump finds them. */
const FUNCTIONS = [
  `CREATE FUNCTION stripe.ref(value jsonb) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
   $$ SELECT CASE jsonb_typeof(value) WHEN 'string' THEN value #>> '{}' WHEN 'object' THEN value->>'id' END $$`,
  `CREATE FUNCTION stripe.epoch(value jsonb) RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
   $$ SELECT CASE jsonb_typeof(value) WHEN 'number' THEN to_timestamp((value #>> '{}')::double precision) END $$`,
  `CREATE FUNCTION stripe.flag(value jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
   $$ SELECT CASE jsonb_typeof(value) WHEN 'boolean' THEN (value #>> '{}')::boolean END $$`,
  `CREATE FUNCTION stripe.items_period_end(data jsonb) RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
   $$ SELECT max(stripe.epoch(item->'current_period_end'))
        FROM jsonb_array_elements(CASE jsonb_typeof(data#>'{items,data}') WHEN 'array' THEN data#>'{items,data}' ELSE '[]' END) AS item $$`,
  `CREATE FUNCTION stripe.invoice_status_2018(data jsonb) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
   $$ SELECT CASE WHEN data->>'paid' = 'true' THEN 'paid'
                  WHEN data->>'forgiven' = 'true' THEN 'uncollectible'
                  WHEN data->>'closed' = 'true' THEN 'void'
                  WHEN data ? 'closed' THEN 'open' END $$`,
  `CREATE FUNCTION stripe.invoice_paid_at(data jsonb) RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
   $$ SELECT coalesce(
        stripe.epoch(data#>'{status_transitions,paid_at}'),
        CASE WHEN data->>'paid' = 'true' AND data->'status_transitions' IS NULL
             THEN stripe.epoch(coalesce(data->'finalized_at', data->'webhooks_delivered_at', data->'date', data->'created')) END) $$`,
  `CREATE FUNCTION stripe.line_subscription(data jsonb) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
   $$ SELECT coalesce(
        stripe.ref(data->'subscription'),
        stripe.ref(data#>'{parent,subscription_item_details,subscription}'),
        stripe.ref(data#>'{parent,invoice_item_details,subscription}'),
        CASE WHEN data->>'type' = 'subscription' AND data->>'id' LIKE 'sub\\_%' THEN data->>'id' END) $$`,
  `CREATE FUNCTION stripe.line_price(data jsonb) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
   $$ SELECT coalesce(stripe.ref(data#>'{pricing,price_details,price}'), stripe.ref(data->'price'), stripe.ref(data->'plan')) $$`,
];

const text = (expression: string): GeneratedColumn => ({ type: 'text', expression });
const ref = (field: string): GeneratedColumn => text(`stripe.ref(data->'${field}')`);
const status = text(`data->>'status'`);
const timestamp = (expression: string): GeneratedColumn => ({ type: 'timestamp with time zone', expression });
const flag = (field: string): GeneratedColumn => ({ type: 'boolean', expression: `stripe.flag(data->'${field}')` });

interface MirrorTable {
  columns?: Record<string, GeneratedColumn>;
  /** Columns with an index of their own, beside the one on `created`. */
  indexed?: string[];
  /** Members of a list inside another object. */
  hasParent?: true;
  hasCreated?: false;
}

const TABLES: Record<string, MirrorTable> = {
  accounts: {},
  customers: { columns: { email: text(`data->>'email'`) }, indexed: ['email'] },
  subscriptions: {
    columns: {
      customer: ref('customer'),
      status,
      current_period_end: timestamp(
        `coalesce(stripe.epoch(data->'current_period_end'), stripe.items_period_end(data))`,
      ),
    },
    indexed: ['customer'],
  },
  subscription_items: {
    hasParent: true,
    columns: {
      price: text(`coalesce(stripe.ref(data->'price'), stripe.ref(data->'plan'))`),
      product: text(`coalesce(stripe.ref(data#>'{price,product}'), stripe.ref(data#>'{plan,product}'))`),
    },
  },
  invoices: {
    columns: {
      customer: ref('customer'),
      subscription: text(
        `coalesce(stripe.ref(data->'subscription'), stripe.ref(data#>'{parent,subscription_details,subscription}'))`,
      ),
      status: text(`coalesce(data->>'status', stripe.invoice_status_2018(data))`),
      paid_at: timestamp(`stripe.invoice_paid_at(data)`),
      payment_intent: ref('payment_intent'),
      charge: ref('charge'),
    },
    indexed: ['customer', 'subscription', 'payment_intent', 'charge'],
  },
  invoice_line_items: {
    hasParent: true,
    hasCreated: false,
    columns: { subscription: text(`stripe.line_subscription(data)`), price: text(`stripe.line_price(data)`) },
  },
  invoice_payments: {
    columns: {
      invoice: ref('invoice'),
      payment_intent: text(`stripe.ref(data#>'{payment,payment_intent}')`),
      charge: text(`stripe.ref(data#>'{payment,charge}')`),
      status,
    },
    indexed: ['invoice', 'payment_intent', 'charge'],
  },
  payment_intents: {
    columns: { customer: ref('customer'), invoice: ref('invoice'), status },
    indexed: ['customer', 'invoice'],
  },
  charges: {
    columns: { customer: ref('customer'), payment_intent: ref('payment_intent'), invoice: ref('invoice'), status },
    indexed: ['customer', 'payment_intent', 'invoice'],
  },
  refunds: {
    columns: { charge: ref('charge'), payment_intent: ref('payment_intent'), status },
    indexed: ['charge', 'payment_intent'],
  },
  disputes: {
    columns: { charge: ref('charge'), payment_intent: ref('payment_intent'), status },
    indexed: ['charge', 'payment_intent'],
  },
  payment_methods: { columns: { customer: ref('customer'), type: text(`data->>'type'`) }, indexed: ['customer'] },
  products: { columns: { active: flag('active') } },
  prices: { columns: { product: ref('product'), active: flag('active') }, indexed: ['product'] },
  coupons: {},
  promotion_codes: {
    columns: {
      code: text(`data->>'code'`),
      coupon: text(`coalesce(stripe.ref(data->'coupon'), stripe.ref(data#>'{promotion,coupon}'))`),
      active: flag('active'),
    },
    indexed: ['code'],
  },
  discounts: {
    hasCreated: false,
    columns: {
      customer: ref('customer'),
      subscription: ref('subscription'),
      invoice: ref('invoice'),
      coupon: text(`coalesce(stripe.ref(data->'coupon'), stripe.ref(data#>'{source,coupon}'))`),
      promotion_code: ref('promotion_code'),
    },
    indexed: ['customer', 'promotion_code'],
  },
  checkout_sessions: {
    columns: {
      customer: ref('customer'),
      client_reference_id: text(`data->>'client_reference_id'`),
      payment_intent: ref('payment_intent'),
      subscription: ref('subscription'),
      invoice: ref('invoice'),
      promotion_code: text(`stripe.ref(data#>'{discounts,0,promotion_code}')`),
      status,
    },
    indexed: ['customer', 'client_reference_id', 'payment_intent', 'promotion_code'],
  },
  balance_transactions: { columns: { source: ref('source'), type: text(`data->>'type'`) }, indexed: ['source'] },
  transfers: {
    columns: { destination: ref('destination'), transfer_group: text(`data->>'transfer_group'`) },
    indexed: ['destination', 'transfer_group'],
  },
  payouts: { columns: { status } },
  credit_notes: { columns: { invoice: ref('invoice'), status }, indexed: ['invoice'] },
  other_objects: { columns: { object: text(`data->>'object'`) }, indexed: ['object'] },
};

export class Mirror1764000000200 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of FUNCTIONS) await runner.query(statement);
    for (const [name, table] of Object.entries(TABLES)) await createTable(runner, name, table);
    await runner.query(`CREATE TABLE tributary.settle_queue (
      id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
      workspace_id text NOT NULL,
      account text NOT NULL,
      kind text NOT NULL,
      key text NOT NULL,
      queued_at timestamptz NOT NULL DEFAULT now(),
      available_at timestamptz NOT NULL DEFAULT now(),
      attempts integer NOT NULL DEFAULT 0,
      error text,
      PRIMARY KEY (id))`);
    await runner.query(`CREATE INDEX settle_queue_available ON tributary.settle_queue (available_at, id)`);
    await runner.query(`CREATE INDEX settle_queue_key ON tributary.settle_queue (workspace_id, account, kind, key)`);
    await runner.query(`CREATE TABLE tributary.refetch (
      workspace_id text NOT NULL,
      account text NOT NULL,
      object_table text NOT NULL,
      object_id text NOT NULL,
      reason text NOT NULL,
      min_stamp bigint NOT NULL,
      available_at timestamptz NOT NULL,
      attempts integer NOT NULL DEFAULT 0,
      lease_token text,
      error text,
      PRIMARY KEY (workspace_id, account, object_table, object_id, reason))`);
    await runner.query(`CREATE INDEX refetch_available ON tributary.refetch (available_at)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE tributary.refetch, tributary.settle_queue`);
    for (const name of Object.keys(TABLES)) await runner.query(`DROP TABLE stripe.${name}`);
    await runner.query(`DELETE FROM tributary.typeorm_metadata WHERE type = 'GENERATED_COLUMN' AND schema = 'stripe'`);
    for (const name of [
      'line_price',
      'line_subscription',
      'invoice_paid_at',
      'invoice_status_2018',
      'items_period_end',
      'flag',
      'epoch',
      'ref',
    ]) {
      await runner.query(`DROP FUNCTION stripe.${name}(jsonb)`);
    }
  }
}

async function createTable(
  runner: QueryRunner,
  name: string,
  { columns = {}, indexed = [], hasParent, hasCreated }: MirrorTable,
): Promise<void> {
  const generated = Object.keys(columns).length === 0 ? '' : `${generatedColumnsSql(columns)},`;
  await runner.query(`CREATE TABLE stripe.${name} (
    workspace_id text NOT NULL,
    account text NOT NULL,
    id text NOT NULL,
    data jsonb NOT NULL,
    api_version text,
    created timestamptz,
    source_updated_at timestamptz NOT NULL,
    source_rank integer NOT NULL,
    source_event_id text,
    undecided boolean NOT NULL DEFAULT false,
    deleted_at timestamptz,
    synced_at timestamptz NOT NULL DEFAULT now(),
    ${hasParent ? 'parent text,' : ''}
    ${generated}
    PRIMARY KEY (workspace_id, account, id))`);
  await registerGeneratedColumns(runner, `stripe.${name}`, columns);
  if (hasCreated !== false) {
    await runner.query(`CREATE INDEX ${name}_created ON stripe.${name} (workspace_id, created, id)`);
  }
  if (hasParent) await runner.query(`CREATE INDEX ${name}_parent ON stripe.${name} (workspace_id, parent)`);
  for (const column of indexed)
    await runner.query(`CREATE INDEX ${name}_${column} ON stripe.${name} (workspace_id, ${column})`);
}
