import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BILLING_VIEWS } from '../../src/billing/sql-views/billing-views.js';
import { migrate } from '../../src/database/migrate.js';
import { deliverAll, drain, randomId, stripeEvent, type StripeObject } from '../support/stripe-events.js';
import {
  charge,
  customer,
  invoice,
  invoiceLine,
  invoicePayment,
  refund,
  subscription,
  subscriptionItem,
} from '../support/stripe-objects.js';
import { startTestService, type TestService } from '../support/test-service.js';

const AT = 1_780_000_000;
const TODAY = '2026-10-28.endive';

let service: TestService;
beforeAll(async () => {
  service = await startTestService({ sandbox: false, env: { STRIPE_WEBHOOK_SECRET: 'whsec_0123456789abcdef' } });
});
afterAll(() => service.stop());

type Row = Record<string, unknown>;
const rows = (sql: string, parameters: unknown[] = []) => service.db.query<Row[]>(sql, parameters);
const one = async (sql: string, parameters: unknown[] = []): Promise<Row | undefined> =>
  (await rows(sql, parameters))[0];

/** Mirrors the objects as events of that API version, each of its own type. */
async function mirrored(apiVersion: string, ...events: Array<[type: string, object: Row]>): Promise<void> {
  await deliverAll(
    service,
    events.map(([type, object]) => stripeEvent(type, object, { apiVersion, created: AT })),
  );
  await drain(service, ['inbox']);
}

function price(fields: Row = {}, recurring: Row = {}): StripeObject {
  return {
    id: randomId('price'),
    object: 'price',
    product: 'prod_pro',
    currency: 'usd',
    unit_amount: 1_000,
    unit_amount_decimal: '1000',
    billing_scheme: 'per_unit',
    type: 'recurring',
    recurring: { interval: 'month', interval_count: 1, usage_type: 'licensed', ...recurring },
    ...fields,
  };
}

function coupon(fields: Row): StripeObject {
  return { id: randomId('coupon'), object: 'coupon', created: AT, duration: 'forever', valid: true, ...fields };
}

const VALUE = `currency, monthly_gross_minor, monthly_minor, mrr_minor, not_counted, metered_items, unpriced_items`;

/** What the view says of a subscription with these items. */
async function valueOf(items: Row[], fields: Row = {}, apiVersion = TODAY): Promise<Row | undefined> {
  const parts = items.map((item) => subscriptionItem({ price: undefined, ...item }));
  const object = JSON.parse(JSON.stringify(subscription({ currency: 'usd', ...fields }, parts))) as StripeObject;
  await mirrored(apiVersion, ['customer.subscription.updated', object]);
  return one(`SELECT ${VALUE} FROM billing.subscriptions WHERE id = $1`, [object.id]);
}

describe('schema billing', () => {
  it('has a comment on every view and every column', async () => {
    const missing = await rows(`
      SELECT c.relname, a.attname FROM pg_class c
        LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
       WHERE c.relnamespace = 'billing'::regnamespace AND c.relkind = 'v'
         AND (coalesce(col_description(c.oid, a.attnum), '') = '' OR coalesce(obj_description(c.oid, 'pg_class'), '') = '')`);
    const [counted] = await rows(
      `SELECT count(*)::int AS views FROM information_schema.views WHERE table_schema = 'billing'`,
    );

    expect(counted).toEqual({ views: BILLING_VIEWS.length });
    expect(missing).toEqual([]);
  });

  it('counts money in bigint beside its currency, tells times with their zone, and keeps workspaces and accounts apart', async () => {
    const columns = await rows(
      `SELECT table_name AS view, column_name AS name, data_type AS type FROM information_schema.columns WHERE table_schema = 'billing'`,
    );
    const has = (view: unknown, pattern: RegExp) =>
      columns.some((column) => column.view === view && pattern.test(String(column.name)));
    const wrong = columns.filter(({ view, name, type }) => {
      if (/_minor$/.test(String(name))) return type !== 'bigint' || !has(view, /currency$/);
      if (/_at$/.test(String(name))) return type !== 'timestamp with time zone';
      return ['jsonb', 'double precision', 'real'].includes(String(type)) && name !== 'metadata';
    });

    expect(wrong).toEqual([]);
    expect(BILLING_VIEWS.filter(({ name }) => !has(name, /^workspace_id$/) || !has(name, /^account$/))).toEqual([]);
  });

  it('turns minor units into major ones, with no, two or three digits', async () => {
    expect(
      await rows(`SELECT billing.major(1234, 'usd')::text AS usd, billing.major(1234, 'JPY')::text AS jpy,
                         billing.major(1234, 'kwd')::text AS kwd, billing.major(-5, 'eur')::text AS eur`),
    ).toEqual([{ usd: '12.34', jpy: '1234', kwd: '1.234', eur: '-0.05' }]);
  });

  it('leaves out what was deleted, and flags it where history names it', async () => {
    const gone = customer();
    const draft = invoice({ status: 'draft', customer: gone.id });
    await mirrored(TODAY, ['customer.created', gone], ['invoice.created', draft]);

    await deliverAll(service, [
      stripeEvent('customer.deleted', gone, { created: AT + 5 }),
      stripeEvent('invoice.deleted', draft, { created: AT + 5 }),
    ]);
    await drain(service, ['inbox']);

    expect(await rows(`SELECT deleted_at FROM billing.customers WHERE id = $1`, [gone.id])).toEqual([
      { deleted_at: new Date((AT + 5) * 1000) },
    ]);
    expect(await rows(`SELECT id FROM billing.invoices WHERE id = $1`, [draft.id])).toEqual([]);
    expect(await rows(`SELECT id FROM billing.invoice_lines WHERE invoice_id = $1`, [draft.id])).toEqual([]);
  });
});

describe('the read-only role', () => {
  async function asReader(statement: string): Promise<unknown> {
    const runner = service.db.createQueryRunner();
    try {
      await runner.startTransaction();
      await runner.query('SET LOCAL ROLE tributary_reader');
      return (await runner.query(statement)) as unknown;
    } catch (error) {
      return (error as Error).message;
    } finally {
      await runner.rollbackTransaction();
      await runner.release();
    }
  }

  it('reads every view and the mirror, also tables that are made later', async () => {
    await service.db.query(`CREATE TABLE stripe.made_later (id text)`);

    for (const { name } of BILLING_VIEWS) {
      expect(await asReader(`SELECT * FROM billing.${name} LIMIT 1`)).toBeInstanceOf(Array);
    }
    expect(await asReader(`SELECT id FROM stripe.customers LIMIT 1`)).toBeInstanceOf(Array);
    expect(await asReader(`SELECT id FROM stripe.made_later`)).toEqual([]);
    await service.db.query(`DROP TABLE stripe.made_later`);
  });

  it.each([
    [`DELETE FROM stripe.customers`, 'permission denied for table customers'],
    [`UPDATE stripe.invoices SET account = ''`, 'permission denied for table invoices'],
    [`DELETE FROM billing.customers`, 'permission denied for view customers'],
    [`CREATE VIEW billing.mine AS SELECT 1`, 'permission denied for schema billing'],
    [`SELECT * FROM tributary.webhook_endpoint`, 'permission denied for schema tributary'],
    [`SELECT * FROM tributary.api_key`, 'permission denied for schema tributary'],
  ])('may not %s', async (statement, message) => {
    expect(await asReader(statement)).toBe(message);
  });
});

describe('when the mirror makes a column anew', () => {
  /** As a database that an older build has made: the column's expression is another one, and no step of this build is known. */
  async function pretendOlder(): Promise<void> {
    await service.db.query(
      `UPDATE tributary.typeorm_metadata SET value = 'an older reading' WHERE "table" = 'subscriptions' AND name = 'current_period_end'`,
    );
    await service.db.query(`DELETE FROM tributary.schema_step`);
  }

  it('the views make way and come back, readable', async () => {
    await pretendOlder();

    await migrate(service.db);

    const [column] = await rows(
      `SELECT value FROM tributary.typeorm_metadata WHERE "table" = 'subscriptions' AND name = 'current_period_end'`,
    );
    expect(column?.value).not.toBe('an older reading');
    expect(await rows(`SELECT id FROM billing.subscriptions WHERE false`)).toEqual([]);
    const [granted] = await rows(
      `SELECT has_table_privilege('tributary_reader', 'billing.subscriptions', 'select') AS yes`,
    );
    expect(granted).toEqual({ yes: true });
  });

  it('says whose view is in the way, and leaves all as it was', async () => {
    await service.db.query(`CREATE VIEW public.my_own AS SELECT id, email FROM billing.customers`);
    await pretendOlder();

    await expect(migrate(service.db)).rejects.toThrow(/view my_own depends on view billing.customers.*make them again/);
    expect(await rows(`SELECT id FROM public.my_own WHERE false`)).toEqual([]);

    await service.db.query(`DROP VIEW public.my_own`);
    await migrate(service.db);
  });

  it('a view of one’s own stays when only this build’s views are made again', async () => {
    await service.db.query(`CREATE VIEW public.my_own AS SELECT id, email FROM billing.customers`);
    await service.db.query(`DELETE FROM tributary.schema_step`);

    await migrate(service.db);

    expect(await rows(`SELECT id FROM public.my_own WHERE false`)).toEqual([]);
    await service.db.query(`DROP VIEW public.my_own`);
  });
});

describe('the monthly value of a subscription', () => {
  it.each([
    ['a month', {}, 2, '2000'],
    ['a quarter', { interval: 'month', interval_count: 3 }, 1, '333'],
    ['a year', { interval: 'year' }, 1, '83'],
    ['two years, ten seats', { interval: 'year', interval_count: 2 }, 10, '417'],
    ['a week: 365 / 7 / 12 of them', { interval: 'week' }, 1, '4345'],
    ['a day: 365 / 12 of them', { interval: 'day' }, 1, '30417'],
  ])('is normalised from %s', async (_, recurring, quantity, expected) => {
    expect(await valueOf([{ price: price({}, recurring), quantity }])).toMatchObject({
      currency: 'usd',
      monthly_gross_minor: expected,
      monthly_minor: expected,
      mrr_minor: expected,
    });
  });

  it('is rounded once, over all items: three twelfths of 10.00 make 2.50', async () => {
    const yearly = price({}, { interval: 'year' });

    expect(await valueOf([1, 2, 3].map(() => ({ price: yearly, quantity: 1 })))).toMatchObject({ mrr_minor: '250' });
  });

  it('reads the plan of 2018, with the period on the subscription and in its own currency', async () => {
    const plan = {
      id: 'gold',
      object: 'plan',
      amount: 2_500,
      currency: 'chf',
      interval: 'month',
      interval_count: 1,
      usage_type: 'licensed',
      product: 'prod_1',
    };
    const legacy = {
      currency: undefined,
      current_period_start: AT,
      current_period_end: AT + 9,
      plan,
      quantity: 3,
      discounts: undefined,
      discount: null,
      start: AT,
    };

    expect(
      await valueOf(
        [{ plan, quantity: 3, current_period_start: undefined, current_period_end: undefined }],
        legacy,
        '2018-05-21',
      ),
    ).toMatchObject({ currency: 'chf', mrr_minor: '7500' });
    expect(
      await one(`SELECT s.current_period_start_at, i.product_id, i.price_id, i.current_period_end_at FROM billing.subscriptions s
                   JOIN billing.subscription_items i ON i.subscription_id = s.id WHERE s.currency = 'chf'`),
    ).toEqual({
      current_period_start_at: new Date(AT * 1000),
      current_period_end_at: new Date((AT + 9) * 1000),
      product_id: 'prod_1',
      price_id: 'gold',
    });
  });

  it('counts fractions of a cent, packages and tiers', async () => {
    const fraction = price({ unit_amount: null, unit_amount_decimal: '0.45' });
    const packages = price({ transform_quantity: { divide_by: 10, round: 'up' } });
    const tiers = [
      { up_to: 5, unit_amount: 700, flat_amount: 1_000 },
      { up_to: null, unit_amount: 500, flat_amount: null },
    ];
    const tiered = { billing_scheme: 'tiered', unit_amount: null, unit_amount_decimal: null, tiers };

    expect(await valueOf([{ price: fraction, quantity: 1_001 }])).toMatchObject({ mrr_minor: '450' });
    expect(await valueOf([{ price: packages, quantity: 21 }])).toMatchObject({ mrr_minor: '3000' });
    expect(await valueOf([{ price: price({ ...tiered, tiers_mode: 'graduated' }), quantity: 8 }])).toMatchObject({
      mrr_minor: '6000',
    });
    expect(await valueOf([{ price: price({ ...tiered, tiers_mode: 'volume' }), quantity: 8 }])).toMatchObject({
      mrr_minor: '4000',
    });
  });

  it('finds the tiers in the price’s own row, and says so when it cannot', async () => {
    const short = price({
      billing_scheme: 'tiered',
      unit_amount: null,
      unit_amount_decimal: null,
      tiers_mode: 'volume',
    });
    const item = { price: short, quantity: 4 };

    expect(await valueOf([item, { price: price(), quantity: 1 }])).toMatchObject({
      mrr_minor: '1000',
      unpriced_items: 1,
    });
    await mirrored(TODAY, ['price.updated', { ...short, tiers: [{ up_to: null, unit_amount: 300 }] }]);
    expect(await valueOf([item])).toMatchObject({ mrr_minor: '1200', unpriced_items: 0 });
  });

  it('counts usage as nothing and says how many items that concerns', async () => {
    const metered = { price: price({}, { usage_type: 'metered' }), quantity: undefined };

    expect(await valueOf([metered, { price: price(), quantity: 1 }])).toMatchObject({
      mrr_minor: '1000',
      metered_items: 1,
      unpriced_items: 0,
    });
  });

  it.each([
    ['trialing', { status: 'trialing' }],
    ['paused', { pause_collection: { behavior: 'void' } }],
    ['paused', { status: 'paused' }],
    ['canceled', { status: 'canceled' }],
    ['unpaid', { status: 'unpaid' }],
    ['incomplete', { status: 'incomplete' }],
  ])('is no recurring revenue while %s', async (reason, fields) => {
    expect(await valueOf([{ price: price(), quantity: 1 }], fields)).toMatchObject({
      monthly_minor: '1000',
      mrr_minor: '0',
      not_counted: reason,
    });
  });

  it('is counted while a payment is late', async () => {
    expect(await valueOf([{ price: price(), quantity: 1 }], { status: 'past_due' })).toMatchObject({
      mrr_minor: '1000',
      not_counted: null,
    });
  });
});

describe('discounts', () => {
  const ten = [{ price: price({ unit_amount: 1_000, unit_amount_decimal: '1000' }), quantity: 1 }];

  it('are read in every shape: inside the subscription until 2024, by their ids and their coupons’ since', async () => {
    const half = coupon({ percent_off: 50 });
    const old = { id: randomId('di'), object: 'discount', customer: 'cus_nobody', start: AT, end: null, coupon: half };
    const today = { ...old, id: randomId('di'), coupon: undefined, source: { type: 'coupon', coupon: half.id } };
    await mirrored(TODAY, ['coupon.created', half], ['customer.discount.created', today]);

    expect(await valueOf(ten, { discounts: undefined, discount: old }, '2020-08-27')).toMatchObject({
      mrr_minor: '500',
    });
    expect(await valueOf(ten, { discounts: [old] }, '2023-10-16')).toMatchObject({ mrr_minor: '500' });
    expect(await valueOf(ten, { discounts: [today.id] })).toMatchObject({
      monthly_gross_minor: '1000',
      mrr_minor: '500',
    });
  });

  it('come off one after the other, amounts spread over the interval', async () => {
    const tenth = { id: randomId('di'), object: 'discount', start: AT, coupon: coupon({ percent_off: 10 }) };
    const euros = {
      id: randomId('di'),
      object: 'discount',
      start: AT,
      coupon: coupon({ amount_off: 2_400, currency: 'usd' }),
    };
    const yearly = [
      { price: price({ unit_amount: 24_000, unit_amount_decimal: '24000' }, { interval: 'year' }), quantity: 1 },
    ];

    expect(await valueOf(yearly, { discounts: [tenth, euros] })).toMatchObject({ mrr_minor: '1600' });
    expect(await valueOf(yearly, { discounts: [euros, tenth] })).toMatchObject({ mrr_minor: '1620' });
  });

  it('count only while they recur: not for one invoice, not after their end, not in another currency', async () => {
    const terms = [
      { coupon: coupon({ percent_off: 50, duration: 'once' }) },
      { coupon: coupon({ percent_off: 50, duration: 'repeating' }), end: AT },
      { coupon: coupon({ amount_off: 100, currency: 'eur' }) },
    ].map((fields) => ({ id: randomId('di'), object: 'discount', start: AT - 99, ...fields }));
    const running = {
      id: randomId('di'),
      object: 'discount',
      start: AT,
      end: 4_000_000_000,
      coupon: coupon({ percent_off: 20, duration: 'repeating' }),
    };

    expect(await valueOf(ten, { discounts: terms })).toMatchObject({ mrr_minor: '1000' });
    expect(await valueOf(ten, { discounts: [...terms, running] })).toMatchObject({ mrr_minor: '800' });
  });

  it('of an item come before the subscription’s, and the customer’s counts where there is no other', async () => {
    const third = { id: randomId('di'), object: 'discount', start: AT, coupon: coupon({ percent_off: 30 }) };
    const dollar = {
      id: randomId('di'),
      object: 'discount',
      start: AT,
      coupon: coupon({ amount_off: 100, currency: 'usd' }),
    };
    const faithful = customer({
      discount: { id: randomId('di'), object: 'discount', start: AT, coupon: coupon({ percent_off: 25 }) },
    });
    await mirrored(TODAY, ['customer.created', faithful]);
    const items = [{ ...ten[0], discounts: [third] }];

    expect(await valueOf(items, { discounts: [dollar], customer: faithful.id })).toMatchObject({ mrr_minor: '600' });
    expect(await valueOf(items, { discounts: [], customer: faithful.id })).toMatchObject({ mrr_minor: '525' });
  });
});

describe('invoices and payments', () => {
  it('an invoice’s tax and discounts, today, in 2020 and in 2018', async () => {
    const common = { subtotal: 1_000, total: 990, amount_due: 990, amount_paid: 990, currency: 'usd' };
    const today = invoice({
      ...common,
      total_taxes: [{ amount: 60 }, { amount: 30 }],
      total_discount_amounts: [{ amount: 100 }],
    });
    const in2020 = invoice({
      ...common,
      total_taxes: undefined,
      total_tax_amounts: [{ amount: 90 }],
      tax: 90,
      total_discount_amounts: [{ amount: 100 }],
    });
    const in2018 = invoice({
      ...common,
      total_taxes: undefined,
      total_discount_amounts: undefined,
      tax: 90,
      tax_percent: 10,
      created: undefined,
      date: AT - 7,
      status: undefined,
      paid: true,
    });
    const plain = (object: StripeObject) => JSON.parse(JSON.stringify(object)) as StripeObject;

    await mirrored(TODAY, ['invoice.paid', today]);
    await mirrored('2020-08-27', ['invoice.paid', plain(in2020)]);
    await mirrored('2018-05-21', ['invoice.payment_succeeded', plain(in2018)]);

    const found = await rows(
      `SELECT status, subtotal_minor, discount_minor, tax_minor, total_minor, amount_paid_minor FROM billing.invoices WHERE id = ANY($1)`,
      [[today.id, in2020.id, in2018.id]],
    );
    expect(found).toEqual(
      Array.from({ length: 3 }, () => ({
        ...{ status: 'paid', subtotal_minor: '1000', discount_minor: '100', tax_minor: '90' },
        ...{ total_minor: '990', amount_paid_minor: '990' },
      })),
    );
    expect(await one(`SELECT created_at FROM billing.invoices WHERE id = $1`, [in2018.id])).toEqual({
      created_at: new Date((AT - 7) * 1000),
    });
  });

  it('a line’s product, period and net revenue, today and in 2020', async () => {
    const today = invoiceLine({
      amount: 1_190,
      discount_amounts: [{ amount: 119, discount: 'di_1' }],
      taxes: [{ amount: 171, tax_behavior: 'inclusive' }],
      period: { start: AT, end: AT + 60 },
      pricing: {
        type: 'price_details',
        price_details: { price: 'price_a', product: 'prod_a' },
        unit_amount_decimal: '1190',
      },
      parent: {
        type: 'subscription_item_details',
        subscription_item_details: { subscription: 'sub_1', subscription_item: 'si_1', proration: true },
      },
    });
    const in2020 = {
      ...invoiceLine({
        amount: 1_000,
        discount_amounts: undefined,
        taxes: undefined,
        tax_amounts: [{ amount: 200, inclusive: false }],
      }),
      ...{ type: 'subscription', subscription: 'sub_1', subscription_item: 'si_1', proration: false },
      ...{ price: { id: 'price_b', object: 'price', product: 'prod_b' }, period: { start: AT, end: AT + 60 } },
    };
    const bills = [
      invoice({ customer: 'cus_lines' }, [today]),
      invoice({ customer: 'cus_lines' }, [JSON.parse(JSON.stringify(in2020)) as StripeObject]),
    ];
    await mirrored(TODAY, ...bills.map((bill): [string, Row] => ['invoice.paid', bill]));

    expect(
      await rows(`SELECT product_id, price_id, subscription_item_id, amount_minor, discount_minor, tax_minor, net_minor, recurring, proration
                    FROM billing.invoice_lines WHERE customer_id = 'cus_lines' ORDER BY price_id`),
    ).toEqual([
      {
        product_id: 'prod_a',
        price_id: 'price_a',
        subscription_item_id: 'si_1',
        amount_minor: '1190',
        discount_minor: '119',
        tax_minor: '171',
        net_minor: '900',
        recurring: true,
        proration: true,
      },
      {
        product_id: 'prod_b',
        price_id: 'price_b',
        subscription_item_id: 'si_1',
        amount_minor: '1000',
        discount_minor: '0',
        tax_minor: '200',
        net_minor: '1000',
        recurring: true,
        proration: false,
      },
    ]);
  });

  it('a charge finds its invoice by every link there has been, and an invoice its charges', async () => {
    const bills = ['linked', 'by_charge', 'names_its_charge'].map((word) => invoice({ id: `in_${word}` }));
    const linked = charge({ payment_intent: 'pi_linked', customer: 'cus_paying' });
    const link = invoicePayment('in_linked', 'pi_linked', 5_000);
    const naming = charge({ invoice: 'in_by_charge', customer: 'cus_paying' });
    const named = charge({ customer: 'cus_paying' });
    await mirrored(
      TODAY,
      ['charge.succeeded', linked],
      ['invoice_payment.paid', link],
      ['invoice.paid', bills[0] as Row],
    );
    await mirrored(
      '2020-08-27',
      ['charge.succeeded', naming],
      ['charge.succeeded', named],
      ['invoice.paid', bills[1] as Row],
      ['invoice.paid', { ...bills[2], charge: named.id }],
    );

    const found = await rows(`SELECT id, invoice_id FROM billing.charges WHERE customer_id = 'cus_paying'`);
    expect(new Map(found.map(({ id, invoice_id }) => [id, invoice_id]))).toEqual(
      new Map([
        [linked.id, 'in_linked'],
        [naming.id, 'in_by_charge'],
        [named.id, 'in_names_its_charge'],
      ]),
    );
    const paid = await rows(
      `SELECT invoice_id, charge_id, status, amount_paid_minor FROM billing.invoice_payments WHERE invoice_id = ANY($1) ORDER BY invoice_id`,
      [['in_linked', 'in_by_charge', 'in_names_its_charge']],
    );
    expect(paid).toEqual([
      { invoice_id: 'in_by_charge', charge_id: naming.id, status: 'paid', amount_paid_minor: '5000' },
      { invoice_id: 'in_linked', charge_id: linked.id, status: 'paid', amount_paid_minor: '5000' },
      { invoice_id: 'in_names_its_charge', charge_id: named.id, status: 'paid', amount_paid_minor: '5000' },
    ]);
  });

  it('a charge’s fee and net are in the currency that Stripe settles in, and unknown before their transaction has come', async () => {
    const euros = charge({
      amount: 10_000,
      amount_captured: 10_000,
      amount_refunded: 2_500,
      balance_transaction: 'txn_euros',
      customer: 'cus_fees',
    });
    const back = refund(euros.id, 2_500);
    await mirrored(TODAY, ['charge.succeeded', euros], ['refund.created', back]);
    const figures = `SELECT amount_minor, captured_minor, refunded_minor, currency, fee_minor, net_minor, settlement_currency FROM billing.charges WHERE id = $1`;
    const own = { amount_minor: '10000', captured_minor: '10000', refunded_minor: '2500', currency: 'usd' };

    expect(await one(figures, [euros.id])).toEqual({
      ...own,
      fee_minor: null,
      net_minor: null,
      settlement_currency: null,
    });
    const transaction = {
      id: 'txn_euros',
      object: 'balance_transaction',
      amount: 9_000,
      fee: 286,
      net: 8_714,
      currency: 'eur',
      source: euros.id,
      type: 'charge',
      status: 'available',
      created: AT,
    };
    await service.db.query(
      `INSERT INTO stripe.balance_transactions (workspace_id, account, id, data, source_updated_at, source_rank) VALUES ($1, '', 'txn_euros', $2, now(), 0)`,
      [service.workspaceId, JSON.stringify(transaction)],
    );
    expect(await one(figures, [euros.id])).toEqual({
      ...own,
      fee_minor: '286',
      net_minor: '8714',
      settlement_currency: 'eur',
    });
    expect(
      await one(`SELECT customer_id, amount_minor, currency FROM billing.refunds WHERE id = $1`, [back.id]),
    ).toEqual({
      ...{ customer_id: 'cus_fees', amount_minor: '2500', currency: 'usd' },
    });
  });
});
