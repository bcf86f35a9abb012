import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type Stripe from 'stripe';
import type { PollingWorker } from '../../src/common/background-worker.js';
import { clientOf, payingCustomer } from '../sandbox/support.js';
import { deliverAll, drain, drainWithRefetches, randomId, stripeEvent } from '../support/stripe-events.js';
import { invoice, invoiceLine } from '../support/stripe-objects.js';
import { Story, unix } from '../support/story.js';
import { finish, order } from './backfill-world.js';

const TIERS: Stripe.PriceCreateParams.Tier[] = [
  { up_to: 5, unit_amount: 700, flat_amount: 1_000 },
  { up_to: 'inf', unit_amount: 500 },
];
const ALL_TYPES = ['products', 'prices', 'plans'];

let story: Story;
let stripe: Stripe;
beforeAll(async () => {
  story = await Story.begin({ env: { STRIPE_REQUESTS_PER_SECOND: '2000' } });
  stripe = clientOf(story.sandbox);
});
afterAll(() => story?.end());

const tieredPrice = (tiers_mode: 'graduated' | 'volume'): Promise<Stripe.Price> =>
  stripe.prices.create({
    currency: 'usd',
    product_data: { name: 'Seats' },
    recurring: { interval: 'month' },
    billing_scheme: 'tiered',
    tiers: TIERS,
    tiers_mode,
  });

async function one<T>(sql: string, parameters: unknown[]): Promise<T | undefined> {
  const [row] = await story.service.db.query<T[]>(sql, parameters);
  return row;
}

interface Held {
  data: Record<string, unknown>;
  version: string;
}

const held = (table: string, id: string) =>
  one<Held>(`SELECT data, xmin::text AS version FROM stripe.${table} WHERE id = $1`, [id]);

const requestsFor = (path: string): number => story.sandbox.requests.list({ method: 'GET', path }).length;

async function verified(more: { repair?: boolean } = {}): Promise<unknown> {
  const { id } = await story.call<{ id: string }>('POST', '/v1/billing/verifications', { types: ['prices'], ...more });
  await (story.service.workers.get('verifications') as PollingWorker).drain();
  const done = await story.call<{ results: unknown[] }>('GET', `/v1/billing/verifications/${id}`);
  return done.results[0];
}

/** As the SDK sends them and Stripe shows them. */
const SHOWN = [
  { up_to: 5, unit_amount: 700, unit_amount_decimal: '700', flat_amount: 1_000, flat_amount_decimal: '1000' },
  { up_to: null, unit_amount: 500, unit_amount_decimal: '500', flat_amount: null, flat_amount_decimal: null },
];

describe('the tiers of a price', () => {
  it('are asked for once a webhook told of the price, and do not stand in it', async () => {
    const price = await tieredPrice('volume');
    await story.sandbox.idle();
    await drainWithRefetches(story.service);

    expect(await held('price_tiers', price.id)).toMatchObject({
      data: { id: price.id, object: 'price_tiers', tiers: SHOWN },
    });
    expect((await held('prices', price.id))?.data).toEqual({ ...JSON.parse(JSON.stringify(price)), tiers: undefined });
    expect(requestsFor(`/v1/prices/${price.id}`)).toBe(1);

    await stripe.prices.update(price.id, { nickname: 'told once more' });
    await story.sandbox.idle();
    await drainWithRefetches(story.service);

    expect((await held('prices', price.id))?.data).toMatchObject({ nickname: 'told once more' });
    expect(requestsFor(`/v1/prices/${price.id}`)).toBe(1);
    expect(await held('price_tiers', price.id)).toMatchObject({ data: { tiers: SHOWN } });
  });

  it('are not asked for where a price has none', async () => {
    const price = await stripe.prices.create({ currency: 'usd', product_data: { name: 'Plain' }, unit_amount: 500 });
    await story.sandbox.idle();
    await drainWithRefetches(story.service);

    expect(requestsFor(`/v1/prices/${price.id}`)).toBe(0);
    expect(await held('price_tiers', price.id)).toBeUndefined();
  });

  it('come with a backfill, and a second one writes nothing', async () => {
    story.sandbox.deliveries.misbehave({ dropRate: 1 });
    const price = await tieredPrice('graduated');
    await story.sandbox.idle();
    story.sandbox.deliveries.misbehave();

    await finish(story.service, (await order(story.service, { types: ALL_TYPES })).id);

    const [tiers, row] = [await held('price_tiers', price.id), await held('prices', price.id)];
    expect(tiers?.data).toEqual({ id: price.id, object: 'price_tiers', tiers: SHOWN });
    expect(row?.data).toMatchObject({ billing_scheme: 'tiered', tiers_mode: 'graduated' });
    expect(row?.data).not.toHaveProperty('tiers');
    await finish(story.service, (await order(story.service, { types: ALL_TYPES })).id);
    expect([await held('price_tiers', price.id), await held('prices', price.id)]).toEqual([tiers, row]);
    expect(await one(`SELECT 1 FROM tributary.refetch WHERE object_id = $1`, [price.id])).toBeUndefined();
  });

  it('are compared with Stripe’s, and set right', async () => {
    const price = await tieredPrice('volume');
    await story.sandbox.idle();
    await drainWithRefetches(story.service);
    expect(await verified()).toMatchObject({ differ: 0, missing: 0, extra: 0 });
    await story.service.db.query(`UPDATE stripe.price_tiers SET data = data - 'tiers' WHERE id = $1`, [price.id]);

    expect(await verified({ repair: true })).toMatchObject({ differ: 1, missing: 0, extra: 0, repaired: 1 });

    expect((await held('price_tiers', price.id))?.data).toMatchObject({ tiers: SHOWN });
  });

  it.each([
    ['volume', '4000'],
    ['graduated', '6000'],
  ] as const)('say what an item with %s tiers comes to in a month', async (mode, monthly) => {
    const customer = await payingCustomer(stripe);
    const price = await tieredPrice(mode);
    const bought = await stripe.subscriptions.create({
      customer: customer.id,
      items: [{ price: price.id, quantity: 8 }],
    });
    await story.sandbox.idle();
    await drainWithRefetches(story.service);

    expect(await one(`SELECT mrr_minor, unpriced_items FROM billing.subscriptions WHERE id = $1`, [bought.id])).toEqual(
      { mrr_minor: monthly, unpriced_items: 0 },
    );
  });

  it('price a proration, whose own amount is for a part of the period', async () => {
    const price = await tieredPrice('volume');
    await story.sandbox.idle();
    await drainWithRefetches(story.service);
    const [start, end] = [unix('2026-10-16T00:00:00Z'), unix('2026-11-01T00:00:00Z')];
    const line = invoiceLine({
      amount: 2_065,
      quantity: 8,
      period: { start, end },
      pricing: { type: 'price_details', price_details: { price: price.id, product: price.product } },
      parent: {
        type: 'subscription_item_details',
        subscription_item_details: { subscription: 'sub_tiers', subscription_item: 'si_tiers', proration: true },
      },
    });
    const billed = invoice({ id: randomId('in'), created: start }, [line]);
    await deliverAll(story.service, [stripeEvent('invoice.paid', billed, { created: start })]);
    await drain(story.service, ['inbox']);

    const row = await one<{ proration: boolean; monthly: string }>(
      `SELECT proration, round(monthly_amount)::text AS monthly FROM billing.recurring_lines WHERE id = $1`,
      [line.id],
    );
    expect(row).toEqual({ proration: true, monthly: '4000' });
  });
});

describe('the sandbox', () => {
  it('shows tiers to those who ask for them, in lists too, and in no event', async () => {
    const price = await tieredPrice('volume');

    const [asked, plain] = [
      await stripe.prices.retrieve(price.id, { expand: ['tiers'] }),
      await stripe.prices.retrieve(price.id),
    ];
    const { data } = await stripe.prices.list({ product: String(price.product), expand: ['data.tiers'] });

    expect(JSON.parse(JSON.stringify(asked.tiers))).toEqual(SHOWN);
    expect(JSON.parse(JSON.stringify(data[0]?.tiers))).toEqual(SHOWN);
    expect(plain.tiers).toBeUndefined();
    expect(plain).toMatchObject({ billing_scheme: 'tiered', tiers_mode: 'volume', unit_amount: null });
    const created = story.sandbox
      .events()
      .find(({ type, data: told }) => type === 'price.created' && JSON.stringify(told).includes(price.id));
    expect(created).toBeDefined();
    expect(JSON.stringify(created)).not.toContain('"tiers"');
  });

  it.each<[string, Partial<Stripe.PriceCreateParams>, string]>([
    ['no tiers', { tiers: undefined }, 'tiers'],
    ['no mode', { tiers_mode: undefined }, 'tiers_mode'],
    ['tiers of an ordinary price', { billing_scheme: 'per_unit', unit_amount: 100 }, 'tiers'],
    ['no end', { tiers: [{ up_to: 5, unit_amount: 1 }] }, 'tiers[0][up_to]'],
    [
      'an end that does not rise',
      {
        tiers: [
          { up_to: 5, unit_amount: 1 },
          { up_to: 5, unit_amount: 1 },
          { up_to: 'inf', unit_amount: 1 },
        ],
      },
      'tiers[1][up_to]',
    ],
    ['a tier without an amount', { tiers: [{ up_to: 'inf' }] }, 'tiers[0]'],
  ])('refuses %s', async (_name, fields, param) => {
    const asked = stripe.prices.create({
      currency: 'usd',
      product_data: { name: 'Seats' },
      recurring: { interval: 'month' },
      billing_scheme: 'tiered',
      tiers: TIERS,
      tiers_mode: 'volume',
      ...fields,
    });

    await expect(asked).rejects.toMatchObject({ type: 'StripeInvalidRequestError', param });
  });
});
