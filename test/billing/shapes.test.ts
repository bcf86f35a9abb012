import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { deliverAll, drain, randomId, stripeEvent } from '../support/stripe-events.js';
import { subscription, subscriptionItem } from '../support/stripe-objects.js';
import { startTestService, type TestService } from '../support/test-service.js';

let service: TestService;
beforeAll(async () => {
  service = await startTestService({ sandbox: false, env: { STRIPE_WEBHOOK_SECRET: 'whsec_0123456789abcdef' } });
});
afterAll(() => service.stop());

/** Mirrors the object as an event of that API version and reads its computed columns back. */
async function columnsOf(
  table: string,
  type: string,
  apiVersion: string,
  object: Record<string, unknown>,
  columns: string,
) {
  await deliverAll(service, [stripeEvent(type, object, { apiVersion, created: 1_527_000_000 })]);
  await drain(service, ['inbox']);
  const [row] = await service.db.query<Array<Record<string, unknown>>>(
    `SELECT ${columns}, data, api_version FROM stripe.${table} WHERE id = $1`,
    [object.id],
  );
  expect(row).toMatchObject({ data: object, api_version: apiVersion });
  return row;
}

const AT = 1_527_000_000;
const iso = (seconds: number) => new Date(seconds * 1000);

describe('computed columns read every shape', () => {
  it('an invoice of 2018: flags instead of a status, the date instead of transitions, expanded or plain references', async () => {
    const old = {
      id: randomId('in'),
      object: 'invoice',
      date: AT,
      customer: 'cus_1',
      subscription: 'sub_1',
      charge: 'ch_1',
      lines: { object: 'list', data: [], has_more: false },
    };

    const paid = { ...old, paid: true, closed: true, forgiven: false, webhooks_delivered_at: AT + 5 };
    expect(
      await columnsOf(
        'invoices',
        'invoice.payment_succeeded',
        '2018-05-21',
        paid,
        'status, paid_at, subscription, charge, customer',
      ),
    ).toMatchObject({
      status: 'paid',
      paid_at: iso(AT + 5),
      subscription: 'sub_1',
      charge: 'ch_1',
      customer: 'cus_1',
    });
    const open = {
      ...old,
      id: randomId('in'),
      paid: false,
      closed: false,
      forgiven: false,
      customer: { id: 'cus_2', object: 'customer' },
    };
    expect(
      await columnsOf('invoices', 'invoice.created', '2018-05-21', open, 'status, paid_at, customer'),
    ).toMatchObject({ status: 'open', paid_at: null, customer: 'cus_2' });
  });

  it('an invoice of 2020 and one of today: the subscription and the payment in their old and new places', async () => {
    const common = {
      object: 'invoice',
      created: AT,
      status: 'paid',
      status_transitions: { paid_at: AT + 9 },
      lines: { object: 'list', data: [], has_more: false },
    };
    const before = {
      ...common,
      id: randomId('in'),
      subscription: { id: 'sub_2', object: 'subscription' },
      payment_intent: 'pi_2',
      charge: null,
    };
    const today = {
      ...common,
      id: randomId('in'),
      parent: { type: 'subscription_details', subscription_details: { subscription: 'sub_3' } },
    };

    expect(
      await columnsOf('invoices', 'invoice.paid', '2020-08-27', before, 'subscription, payment_intent, paid_at'),
    ).toMatchObject({
      subscription: 'sub_2',
      payment_intent: 'pi_2',
      paid_at: iso(AT + 9),
    });
    expect(
      await columnsOf('invoices', 'invoice.paid', '2026-10-28.endive', today, 'subscription, payment_intent'),
    ).toMatchObject({ subscription: 'sub_3', payment_intent: null });
  });

  it('a subscription’s period, on itself until 2025-03-31 and on its items since', async () => {
    const items = [
      subscriptionItem({ current_period_end: AT + 10 }),
      subscriptionItem({ current_period_end: AT + 20 }),
    ];
    const today = subscription({}, items);
    const before = {
      ...subscription({ current_period_end: AT + 30 }, [subscriptionItem({ current_period_end: undefined })]),
    };

    expect(
      await columnsOf(
        'subscriptions',
        'customer.subscription.updated',
        '2026-10-28.endive',
        today,
        'current_period_end',
      ),
    ).toMatchObject({ current_period_end: iso(AT + 20) });
    expect(
      await columnsOf(
        'subscriptions',
        'customer.subscription.updated',
        '2020-08-27',
        JSON.parse(JSON.stringify(before)),
        'current_period_end',
      ),
    ).toMatchObject({
      current_period_end: iso(AT + 30),
    });
  });

  it('the lines of 2018, whose ids repeat from invoice to invoice, stay apart', async () => {
    const line = {
      id: 'sub_same',
      object: 'line_item',
      type: 'subscription',
      amount: 100,
      plan: { id: 'gold', object: 'plan' },
    };
    const bills = [1, 2].map((n) => ({
      id: randomId('in'),
      object: 'invoice',
      date: AT + n,
      paid: true,
      lines: { object: 'list', data: [line], has_more: false },
    }));

    await deliverAll(
      service,
      bills.map((bill) => stripeEvent('invoice.payment_succeeded', bill, { apiVersion: '2018-05-21' })),
    );
    await drain(service, ['inbox']);

    const rows = await service.db.query(
      `SELECT parent, subscription, price FROM stripe.invoice_line_items WHERE parent = ANY($1) ORDER BY parent`,
      [bills.map(({ id }) => id)],
    );
    expect(rows).toEqual(
      bills
        .map(({ id }) => ({ parent: id, subscription: 'sub_same', price: 'gold' }))
        .sort((a, b) => (a.parent < b.parent ? -1 : 1)),
    );
  });

  it('a line’s price and subscription today', async () => {
    const line = {
      id: randomId('il'),
      object: 'line_item',
      amount: 100,
      pricing: { type: 'price_details', price_details: { price: 'price_9', product: 'prod_9' } },
      parent: {
        type: 'subscription_item_details',
        subscription_item_details: { subscription: 'sub_9', subscription_item: 'si_9' },
      },
    };
    const bill = {
      id: randomId('in'),
      object: 'invoice',
      created: AT,
      lines: { object: 'list', data: [line], has_more: false },
    };

    await deliverAll(service, [stripeEvent('invoice.created', bill)]);
    await drain(service, ['inbox']);

    expect(
      await service.db.query(`SELECT price, subscription FROM stripe.invoice_line_items WHERE id = $1`, [line.id]),
    ).toEqual([{ price: 'price_9', subscription: 'sub_9' }]);
  });

  it('refunds inside a charge of 2018 are rows of their own', async () => {
    const chargeId = randomId('ch');
    const refund = {
      id: randomId('re'),
      object: 'refund',
      amount: 40,
      charge: chargeId,
      created: AT,
      status: 'succeeded',
    };
    const charge = {
      id: chargeId,
      object: 'charge',
      created: AT,
      invoice: 'in_old',
      amount: 100,
      amount_refunded: 40,
      refunds: { object: 'list', data: [refund], has_more: false },
    };

    expect(await columnsOf('charges', 'charge.refunded', '2018-05-21', charge, 'invoice')).toMatchObject({
      invoice: 'in_old',
    });

    expect(await service.db.query(`SELECT id, charge, status FROM stripe.refunds WHERE id = $1`, [refund.id])).toEqual([
      { id: refund.id, charge: chargeId, status: 'succeeded' },
    ]);
  });

  it('coupons and promotion codes in a discount’s and a promotion code’s old and new shape', async () => {
    const discounts = [
      {
        id: randomId('di'),
        object: 'discount',
        customer: 'cus_1',
        start: AT,
        coupon: { id: 'OLD10', object: 'coupon' },
        promotion_code: 'promo_1',
      },
      {
        id: randomId('di'),
        object: 'discount',
        customer: 'cus_1',
        start: AT,
        source: { type: 'coupon', coupon: 'NEW10' },
        promotion_code: { id: 'promo_2', object: 'promotion_code' },
      },
    ];
    for (const [index, coupon] of ['OLD10', 'NEW10'].entries()) {
      const discount = discounts[index] as Record<string, unknown>;
      expect(
        await columnsOf(
          'discounts',
          'customer.discount.created',
          '2026-10-28.endive',
          discount,
          'coupon, promotion_code',
        ),
      ).toMatchObject({
        coupon,
        promotion_code: `promo_${index + 1}`,
      });
    }
    const code = {
      id: randomId('promo'),
      object: 'promotion_code',
      created: AT,
      code: 'ADA',
      promotion: { type: 'coupon', coupon: { id: 'C1', object: 'coupon' } },
    };
    expect(
      await columnsOf('promotion_codes', 'promotion_code.created', '2026-10-28.endive', code, 'coupon, code'),
    ).toMatchObject({ coupon: 'C1', code: 'ADA' });
  });
});
