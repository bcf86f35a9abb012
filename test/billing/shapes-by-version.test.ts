import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  discountCoupon,
  invoiceAmounts,
  invoicePaidAt,
  invoiceStatus,
  invoiceSubscription,
  linePrice,
  lineProduct,
  lineSubscription,
  subscriptionPeriod,
} from '../../src/billing/objects/shapes.js';
import type { StripeData } from '../../src/billing/objects/stripe-model.entity.js';
import { deliverAll, drain } from '../support/stripe-events.js';
import { API_VERSIONS, paidMonth } from '../support/stripe-versions.js';
import { startTestService, type TestService } from '../support/test-service.js';

type Row = Record<string, unknown> & { data: StripeData };

let service: TestService;
beforeAll(async () => {
  // Without Stripe: what is answered here comes from the mirror alone.
  service = await startTestService({ sandbox: false, env: { STRIPE_WEBHOOK_SECRET: 'whsec_0123456789abcdef' } });
});
afterAll(() => service.stop());

const iso = (seconds: number): string => new Date(seconds * 1_000).toISOString();

async function row(sql: string, ...parameters: unknown[]): Promise<Row> {
  const [first, ...more] = await service.db.query<Row[]>(sql, parameters);
  expect(more).toEqual([]);
  return first as Row;
}

describe.each(API_VERSIONS)('the shapes of %s tell', (version) => {
  const month = paidMonth(version);
  const { ids } = month;
  const get = async (path: string) => (await service.http('GET', `/v1/billing/${path}`)).body;

  beforeAll(async () => {
    await deliverAll(service, month.events);
    await drain(service, ['inbox']);
  });

  it('the subscription, price and product of an invoice line', async () => {
    const line = await row(`SELECT * FROM stripe.invoice_line_items WHERE parent = $1`, ids.invoice);

    const expected = { subscription: ids.subscription, price: ids.price, product: ids.product };
    expect(line).toMatchObject({ ...expected, api_version: version, data: month.line });
    const { data } = line;
    expect({ subscription: lineSubscription(data), price: linePrice(data), product: lineProduct(data) }).toEqual(
      expected,
    );
  });

  it('the invoice of a charge, and what it sold', async () => {
    expect(await get(`charges/${ids.charge}/summary`)).toMatchObject({
      state: 'succeeded',
      capturedMinor: month.amountMinor,
      invoices: [ids.invoice],
      subscriptions: [ids.subscription],
      prices: [ids.price],
      products: [ids.product],
    });
  });

  it('the coupon of a discount', async () => {
    const [coupon] = await service.db.query<Array<{ coupon: string }>>(
      `SELECT stripe.discount_coupon($1::jsonb) AS coupon`,
      [JSON.stringify(month.discount)],
    );

    expect(coupon).toEqual({ coupon: ids.coupon });
    expect(discountCoupon(month.discount)).toBe(ids.coupon);
    if (typeof month.discount.id === 'string')
      expect(await row(`SELECT coupon FROM stripe.discounts WHERE id = $1`, month.discount.id)).toEqual(coupon);
    else
      expect(
        await row(
          `SELECT stripe.discount_coupon(data->'discount') AS coupon FROM stripe.subscriptions WHERE id = $1`,
          ids.subscription,
        ),
      ).toEqual(coupon);
  });

  it('the period of a subscription', async () => {
    const held = await row(`SELECT * FROM stripe.subscriptions WHERE id = $1`, ids.subscription);

    expect(held).toMatchObject({
      current_period_start: new Date(month.start * 1_000),
      current_period_end: new Date(month.end * 1_000),
      data: month.subscription,
    });
    expect(subscriptionPeriod(held.data)).toEqual({ start: month.start, end: month.end });
    expect(await get(`subscriptions/${ids.subscription}/validity`)).toMatchObject({
      ...{ valid: false, reason: 'period_over' },
      ...{ currentPeriodStart: iso(month.start), currentPeriodEnd: iso(month.end) },
    });
  });

  it('the state, the amounts and the subscription of an invoice', async () => {
    const held = await row(`SELECT * FROM stripe.invoices WHERE id = $1`, ids.invoice);

    expect(held).toMatchObject({
      status: 'paid',
      subscription: ids.subscription,
      paid_at: new Date(month.end * 1_000),
    });
    expect(invoiceStatus(held.data)).toBe('paid');
    expect(invoiceSubscription(held.data)).toBe(ids.subscription);
    expect(invoicePaidAt(held.data)).toBe(month.end);
    const amounts = { totalMinor: 4_200, dueMinor: 4_200, paidMinor: 4_200, remainingMinor: 0, overpaidMinor: 0 };
    expect(invoiceAmounts(held.data)).toEqual({ currency: 'usd', ...amounts });
    expect(await get(`invoices/${ids.invoice}/amounts`)).toMatchObject({ status: 'paid', ...amounts });
  });
});

describe('a period over several items', () => {
  it('goes from the first start to the last end', () => {
    const items = {
      object: 'list',
      data: [
        { current_period_start: 20, current_period_end: 50 },
        { current_period_start: 10, current_period_end: 40 },
      ],
    };

    expect(subscriptionPeriod({ items })).toEqual({ start: 10, end: 50 });
    expect(subscriptionPeriod({ items: { object: 'list', data: [] } })).toEqual({ start: null, end: null });
  });
});

describe('the amounts of an invoice', () => {
  it.each([
    [
      'overpaid, as today says',
      { status: 'paid', amount_due: 100, amount_paid: 130, amount_overpaid: 30, amount_remaining: 0 },
      0,
      30,
    ],
    [
      'overpaid, before that was said',
      { status: 'paid', amount_due: 100, amount_paid: 130, amount_remaining: 0 },
      0,
      30,
    ],
    ['paid in part', { status: 'open', amount_due: 100, amount_paid: 40, amount_remaining: 60 }, 60, 0],
    ['open in 2018', { closed: false, amount_due: 100 }, 100, 0],
  ])('%s', (_name, invoice, remainingMinor, overpaidMinor) => {
    expect(invoiceAmounts(invoice)).toMatchObject({ dueMinor: 100, remainingMinor, overpaidMinor });
  });
});
