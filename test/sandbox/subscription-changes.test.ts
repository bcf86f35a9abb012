import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type Stripe from 'stripe';
import type { StripeSandbox } from '../../sandbox/stripe-sandbox.js';
import { MIDNIGHT, monthlyPrice, payingCustomer, startSandbox } from './support.js';

const DAY_SECONDS = 86_400;
const HALF_OF_JANUARY_SECONDS = 15.5 * DAY_SECONDS;
const START = MIDNIGHT.getTime() / 1_000;

describe('changes of a subscription', () => {
  let sandbox: StripeSandbox;
  let stripe: Stripe;

  beforeEach(async () => {
    ({ sandbox, stripe } = await startSandbox());
  });
  afterEach(() => sandbox.stop());

  const told = (id: string): string[] =>
    sandbox
      .events()
      .filter(({ data }) => (data.object as { id: string }).id === id)
      .map(({ type }) => type.replace('customer.subscription.', ''));

  async function subscribed(unitAmount = 3_000, card?: string): Promise<Stripe.Subscription> {
    const customer = await payingCustomer(stripe, card);
    const price = await monthlyPrice(stripe, unitAmount);
    return stripe.subscriptions.create({ customer: customer.id, items: [{ price: price.id }] });
  }

  it('tell everything that one request changed in one event', async () => {
    const { id, items } = await subscribed();

    await stripe.subscriptions.update(id, {
      items: [{ id: items.data[0]?.id, quantity: 2 }],
      metadata: { team: 'x' },
      proration_behavior: 'none',
    });

    expect(told(id)).toEqual(['created', 'updated', 'updated']);
    const previous = sandbox.events('customer.subscription.updated').at(-1)?.data.previous_attributes;
    expect(previous).toMatchObject({ metadata: { team: null }, items: { data: [{ quantity: 1 }] } });
  });

  it('wait for their payment with pending_if_incomplete, and are made when it comes', async () => {
    const { id, items, customer } = await subscribed();
    await stripe.customers.update(customer as string, { invoice_settings: { default_payment_method: '' } });
    const declining = await stripe.paymentMethods.attach('pm_card_chargeCustomerFail', {
      customer: customer as string,
    });
    await stripe.customers.update(customer as string, {
      invoice_settings: { default_payment_method: declining.id },
    });
    await sandbox.advance(HALF_OF_JANUARY_SECONDS);
    const large = await monthlyPrice(stripe, 10_000);

    const waiting = await stripe.subscriptions.update(id, {
      items: [{ id: items.data[0]?.id, price: large.id }],
      proration_behavior: 'always_invoice',
      payment_behavior: 'pending_if_incomplete',
    });

    expect(waiting).toMatchObject({
      status: 'active',
      items: { data: [{ price: { unit_amount: 3_000 } }] },
      pending_update: {
        expires_at: START + HALF_OF_JANUARY_SECONDS + 23 * 3_600,
        subscription_items: [{ price: { id: large.id } }],
      },
    });
    const invoice = await stripe.invoices.retrieve(waiting.latest_invoice as string);
    expect(invoice).toMatchObject({ status: 'open', total: 3_500 });

    const visa = await stripe.paymentMethods.attach('pm_card_visa', { customer: customer as string });
    await stripe.invoices.pay(invoice.id, { payment_method: visa.id });

    const changed = await stripe.subscriptions.retrieve(id);
    expect(changed).toMatchObject({ pending_update: null, items: { data: [{ price: { id: large.id } }] } });
    expect(told(id)).toContain('pending_update_applied');
  });

  it('that wait are dropped after 23 hours with their invoice', async () => {
    const { id, items, customer } = await subscribed();
    const declining = await stripe.paymentMethods.attach('pm_card_chargeCustomerFail', {
      customer: customer as string,
    });
    const change: Stripe.SubscriptionUpdateParams = {
      items: [{ id: items.data[0]?.id, quantity: 2 }],
      proration_behavior: 'always_invoice',
      payment_behavior: 'pending_if_incomplete',
    };
    await stripe.subscriptions.update(id, { default_payment_method: declining.id });
    const { latest_invoice: invoice } = await stripe.subscriptions.update(id, change);

    await sandbox.advance(DAY_SECONDS);

    expect(await stripe.subscriptions.retrieve(id)).toMatchObject({
      pending_update: null,
      items: { data: [{ quantity: 1 }] },
    });
    expect(await stripe.invoices.retrieve(invoice as string)).toMatchObject({ status: 'void' });
    expect(told(id).slice(-2)).toEqual(['updated', 'pending_update_expired']);
    await expect(stripe.subscriptions.update(id, { ...change, metadata: { a: 'b' } })).rejects.toMatchObject({
      param: 'metadata',
    });
  });

  it('pause and resume with a new period and a credit for what was not used', async () => {
    const { id, customer } = await subscribed();
    await sandbox.advance(HALF_OF_JANUARY_SECONDS);

    const paused = await stripe.subscriptions.pause(id);

    expect(paused).toMatchObject({
      status: 'paused',
      status_details: { paused: { subscription: { type: 'pause_requested' } } },
    });
    const pending = await stripe.invoiceItems.list({ customer: customer as string, pending: true });
    expect(pending.data.map(({ amount }) => amount)).toEqual([-1_500]);
    await sandbox.advance(60 * DAY_SECONDS);
    expect((await stripe.invoices.list({ subscription: id })).data).toHaveLength(1);

    const resumed = await stripe.subscriptions.resume(id, { expand: ['latest_invoice'] });

    expect(resumed.status).toBe('active');
    expect(resumed).not.toHaveProperty('status_details');
    expect(resumed.latest_invoice).toMatchObject({ total: 1_500, status: 'paid' });
    expect(resumed.items.data[0]?.current_period_start).toBe(START + HALF_OF_JANUARY_SECONDS + 60 * DAY_SECONDS);
    expect(told(id)).toEqual(expect.arrayContaining(['paused', 'resumed']));
    await expect(stripe.subscriptions.resume(id)).rejects.toMatchObject({ code: 'status_transition_invalid' });
  });

  it('stop collecting until the day that was named', async () => {
    const { id } = await subscribed();
    const until = START + 40 * DAY_SECONDS;
    await stripe.subscriptions.update(id, { pause_collection: { behavior: 'void', resumes_at: until } });

    await sandbox.advance(39 * DAY_SECONDS);
    expect((await stripe.invoices.list({ subscription: id })).data.map(({ status }) => status)).toEqual([
      'void',
      'paid',
    ]);
    await sandbox.advance(2 * DAY_SECONDS);

    expect(await stripe.subscriptions.retrieve(id)).toMatchObject({ status: 'active', pause_collection: null });
  });

  it('end a trial without a payment method as it was told to', async () => {
    const price = await monthlyPrice(stripe, 1_000);
    const trial = async (missing: 'cancel' | 'pause'): Promise<string> => {
      const { id } = await stripe.customers.create({});
      const subscription = await stripe.subscriptions.create({
        customer: id,
        items: [{ price: price.id }],
        trial_period_days: 7,
        trial_settings: { end_behavior: { missing_payment_method: missing } },
      });
      return subscription.id;
    };
    const [canceled, paused] = [await trial('cancel'), await trial('pause')];

    await sandbox.advance(8 * DAY_SECONDS);

    expect(await stripe.subscriptions.retrieve(canceled)).toMatchObject({ status: 'canceled' });
    expect(await stripe.subscriptions.retrieve(paused)).toMatchObject({
      status: 'paused',
      status_details: { paused: { subscription: { type: 'trial_end_without_payment_method' } } },
    });
  });

  it('give a trial to who pays already, and credit what is left of the period', async () => {
    const { id } = await subscribed();
    await sandbox.advance(HALF_OF_JANUARY_SECONDS);
    const trialEnd = START + 60 * DAY_SECONDS;

    const trialing = await stripe.subscriptions.update(id, { trial_end: trialEnd, expand: ['latest_invoice'] });

    expect(trialing).toMatchObject({ status: 'trialing', trial_end: trialEnd, billing_cycle_anchor: trialEnd });
    expect(trialing.items.data[0]?.current_period_end).toBe(trialEnd);
    expect((trialing.latest_invoice as Stripe.Invoice).lines.data.map(({ amount }) => amount)).toEqual([-1_500, 0]);
    await expect(stripe.subscriptions.update(id, { trial_end: START })).rejects.toMatchObject({ param: 'trial_end' });
    const over = await stripe.subscriptions.update(id, { trial_end: 'now' });
    expect(over.status).toBe('active');
  });

  it('start a new period now, or a short one up to an anchor', async () => {
    const { id, customer } = await subscribed();
    await sandbox.advance(HALF_OF_JANUARY_SECONDS);

    const fresh = await stripe.subscriptions.update(id, {
      billing_cycle_anchor: { type: 'now' },
      expand: ['latest_invoice'],
    });

    expect(fresh.billing_cycle_anchor).toBe(START + HALF_OF_JANUARY_SECONDS);
    expect(fresh.latest_invoice).toMatchObject({
      total: 1_500,
      lines: { data: [{ amount: -1_500 }, { amount: 3_000 }] },
    });

    const price = await monthlyPrice(stripe, 3_100);
    const first = START + 31 * DAY_SECONDS;
    const short = await stripe.subscriptions.create({
      customer: customer as string,
      items: [{ price: price.id }],
      billing_cycle_anchor: first,
      expand: ['latest_invoice'],
    });
    expect(short.items.data[0]?.current_period_end).toBe(first);
    expect(short.latest_invoice).toMatchObject({ total: 1_550, status: 'paid' });
  });

  it('of many items show ten, and page the rest', async () => {
    const customer = await payingCustomer(stripe);
    const prices = await Promise.all(Array.from({ length: 23 }, (_none, index) => monthlyPrice(stripe, 100 + index)));
    const { id, items } = await stripe.subscriptions.create({
      customer: customer.id,
      items: prices.slice(0, 12).map(({ id: price }) => ({ price })),
    });
    expect(items).toMatchObject({ has_more: true });
    expect(items.data).toHaveLength(10);

    const updated = await stripe.subscriptions.update(id, {
      items: prices.slice(12).map(({ id: price }) => ({ price })),
      proration_behavior: 'none',
    });
    const all = await stripe.subscriptionItems.list({ subscription: id, limit: 5 }).autoPagingToArray({ limit: 100 });

    expect(updated.items.data).toHaveLength(10);
    expect(new Set(all.map(({ price }) => price.id))).toEqual(new Set(prices.map((price) => price.id)));
    await sandbox.advance(31 * DAY_SECONDS);
    const [renewal] = (await stripe.invoices.list({ subscription: id, limit: 1 })).data;
    expect(renewal?.total).toBe(23 * 100 + (22 * 23) / 2);
    expect(renewal?.lines).toMatchObject({ has_more: true });
    const lines = await stripe.invoices
      .listLineItems(renewal?.id ?? '', { limit: 10 })
      .autoPagingToArray({ limit: 99 });
    expect(lines).toHaveLength(23);
  });

  it('are found by every status', async () => {
    const { id, customer } = await subscribed();
    const other = await subscribed();
    await stripe.subscriptions.cancel(other.id, { invoice_now: true, prorate: true });
    await stripe.subscriptions.update(id, { cancel_at: 'max_period_end' });

    const listed = async (status?: Stripe.SubscriptionListParams.Status): Promise<string[]> =>
      (await stripe.subscriptions.list({ status })).data.map((row) => row.id);

    expect(await listed()).toEqual([id]);
    expect(await listed('canceled')).toEqual([other.id]);
    expect(await listed('ended')).toEqual([other.id]);
    expect((await listed('all')).sort()).toEqual([id, other.id].sort());
    const back = await stripe.subscriptions.update(id, { cancel_at: '' });
    expect(back).toMatchObject({ cancel_at: null, canceled_at: null, customer });
  });
});
