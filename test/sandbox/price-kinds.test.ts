import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type Stripe from 'stripe';
import type { StripeSandbox } from '../../sandbox/stripe-sandbox.js';
import { payingCustomer, startSandbox } from './support.js';

const DAY_SECONDS = 86_400;
const TIERS: Stripe.PriceCreateParams.Tier[] = [
  { up_to: 5, unit_amount: 700, flat_amount: 1_000 },
  { up_to: 'inf', unit_amount: 500 },
];

describe('prices that are no plain amount', () => {
  let sandbox: StripeSandbox;
  let stripe: Stripe;

  beforeAll(async () => {
    ({ sandbox, stripe } = await startSandbox());
  });
  afterAll(() => sandbox.stop());

  const priced = (more: Partial<Stripe.PriceCreateParams>): Promise<Stripe.Price> =>
    stripe.prices.create({
      currency: 'usd',
      product_data: { name: 'Seats' },
      recurring: { interval: 'month' },
      ...more,
    });
  const tiered = (tiers_mode: 'graduated' | 'volume') => priced({ billing_scheme: 'tiered', tiers: TIERS, tiers_mode });

  async function newestInvoice(customer: string): Promise<Stripe.Invoice> {
    const [newest] = (await stripe.invoices.list({ customer, limit: 1 })).data;
    if (!newest) throw new Error(`${customer} has no invoice`);
    return newest;
  }

  it('bills a line for each charge of graduated tiers, and prorates their whole', async () => {
    const customer = await payingCustomer(stripe);
    const price = await tiered('graduated');
    const { id, items } = await stripe.subscriptions.create({
      customer: customer.id,
      items: [{ price: price.id, quantity: 8 }],
    });

    const invoice = await newestInvoice(customer.id);

    expect(invoice).toMatchObject({ amount_paid: 6_000, lines: { data: [{}, {}, {}] } });
    expect(invoice.lines.data.map(({ amount, quantity, description }) => [amount, quantity, description])).toEqual([
      [3_500, 5, '5 × Seats (Tier 1 at 7.00 USD / month)'],
      [1_000, 1, '1 × Seats (Tier 1 flat fee at 10.00 USD / month)'],
      [1_500, 3, '3 × Seats (Tier 2 at 5.00 USD / month)'],
    ]);
    const preview = await stripe.invoices.createPreview({
      subscription: id,
      subscription_details: {
        items: [{ id: items.data[0]?.id, quantity: 4 }],
        proration_behavior: 'always_invoice',
      },
    });
    expect(preview.lines.data.map(({ amount }) => amount)).toEqual([-6_000, 3_800]);
  });

  it('bills all units by the tier in which their volume lies', async () => {
    const customer = await payingCustomer(stripe);
    const price = await tiered('volume');
    await stripe.subscriptions.create({ customer: customer.id, items: [{ price: price.id, quantity: 8 }] });

    expect(await newestInvoice(customer.id)).toMatchObject({ amount_paid: 4_000, lines: { data: [{ quantity: 8 }] } });
  });

  it('bills usage after the period in which it fell, and the rest at the end', async () => {
    const customer = await payingCustomer(stripe);
    const meter = await stripe.billing.meters.create({
      display_name: 'Calls',
      event_name: 'calls',
      default_aggregation: { formula: 'sum' },
    });
    const price = await priced({
      unit_amount: 20,
      recurring: { interval: 'month', usage_type: 'metered', meter: meter.id },
    });
    const use = (value: number) =>
      stripe.billing.meterEvents.create({
        event_name: 'calls',
        payload: { stripe_customer_id: customer.id, value: String(value) },
      });
    const subscription = await stripe.subscriptions.create({ customer: customer.id, items: [{ price: price.id }] });
    expect(subscription.items.data[0]).not.toHaveProperty('quantity');
    expect((await newestInvoice(customer.id)).total).toBe(0);

    await use(30);
    await sandbox.advance(10 * DAY_SECONDS);
    await use(12);
    await sandbox.advance(21 * DAY_SECONDS);

    expect(await newestInvoice(customer.id)).toMatchObject({
      billing_reason: 'subscription_cycle',
      amount_paid: 840,
      lines: { data: [{ amount: 840, quantity: 42 }] },
    });
    await use(5);
    await sandbox.advance(DAY_SECONDS);
    await stripe.subscriptions.cancel(subscription.id, { invoice_now: true });
    expect(await newestInvoice(customer.id)).toMatchObject({ billing_reason: 'manual', amount_paid: 100 });
  });

  it('refuses a metered price without its meter', async () => {
    const refusal = priced({ unit_amount: 20, recurring: { interval: 'month', usage_type: 'metered' } });

    await expect(refusal).rejects.toMatchObject({ code: 'parameter_missing', param: 'recurring[meter]' });
  });
});
