import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { customer, subscription, subscriptionItem } from '../support/stripe-objects.js';
import { randomId, type StripeObject } from '../support/stripe-events.js';
import { AT, TODAY, type Row, ViewsWorld } from './views-world.js';

let world: ViewsWorld;
beforeAll(async () => {
  world = await ViewsWorld.start();
});
afterAll(() => world.stop());

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
  await world.mirrored(apiVersion, ['customer.subscription.updated', object]);
  return world.one(`SELECT ${VALUE} FROM billing.subscriptions WHERE id = $1`, [object.id]);
}

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
      await world.one(`SELECT s.current_period_start_at, i.product_id, i.price_id, i.current_period_end_at FROM billing.subscriptions s
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
    await world.mirrored(TODAY, ['price.updated', { ...short, tiers: [{ up_to: null, unit_amount: 300 }] }]);
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
    await world.mirrored(TODAY, ['coupon.created', half], ['customer.discount.created', today]);

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
    await world.mirrored(TODAY, ['customer.created', faithful]);
    const items = [{ ...ten[0], discounts: [third] }];

    expect(await valueOf(items, { discounts: [dollar], customer: faithful.id })).toMatchObject({ mrr_minor: '600' });
    expect(await valueOf(items, { discounts: [], customer: faithful.id })).toMatchObject({ mrr_minor: '525' });
  });
});
