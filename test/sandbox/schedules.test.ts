import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type Stripe from 'stripe';
import type { StripeSandbox } from '../../sandbox/stripe-sandbox.js';
import { MIDNIGHT, monthlyPrice, payingCustomer, startSandbox } from './support.js';

const DAY_SECONDS = 86_400;
const START = MIDNIGHT.getTime() / 1_000;

describe('subscription schedules', () => {
  let sandbox: StripeSandbox;
  let stripe: Stripe;

  beforeEach(async () => {
    ({ sandbox, stripe } = await startSandbox());
  });
  afterEach(() => sandbox.stop());

  it('walk through their phases and let the subscription go on', async () => {
    const customer = await payingCustomer(stripe);
    const [small, large] = [await monthlyPrice(stripe, 1_000), await monthlyPrice(stripe, 5_000)];
    const schedule = await stripe.subscriptionSchedules.create({
      customer: customer.id,
      start_date: 'now',
      phases: [{ items: [{ price: small.id }] }, { items: [{ price: large.id, quantity: 2 }] }],
    });
    expect(schedule).toMatchObject({ status: 'active', current_phase: { start_date: START } });
    const id = schedule.subscription as string;

    await sandbox.advance(31 * DAY_SECONDS);

    expect(await stripe.subscriptions.retrieve(id)).toMatchObject({
      schedule: schedule.id,
      items: { data: [{ price: { id: large.id }, quantity: 2 }] },
    });
    const totals = (await stripe.invoices.list({ subscription: id })).data.map(({ total }) => total);
    expect(totals).toEqual([10_000, 1_000]);
    await sandbox.advance(28 * DAY_SECONDS);

    const over = await stripe.subscriptionSchedules.retrieve(schedule.id);
    expect(over).toMatchObject({ status: 'released', released_subscription: id, subscription: null });
    expect(await stripe.subscriptions.retrieve(id)).toMatchObject({ status: 'active', schedule: null });
    await expect(stripe.subscriptionSchedules.release(schedule.id)).rejects.toMatchObject({
      code: 'status_transition_invalid',
    });
  });

  it('start later, and are canceled with what they started', async () => {
    const customer = await payingCustomer(stripe);
    const price = await monthlyPrice(stripe, 1_000);
    const later = await stripe.subscriptionSchedules.create({
      customer: customer.id,
      start_date: START + 5 * DAY_SECONDS,
      phases: [{ items: [{ price: price.id }], duration: { interval: 'month', interval_count: 2 } }],
      end_behavior: 'cancel',
    });
    expect(later).toMatchObject({ status: 'not_started', subscription: null });

    await sandbox.advance(6 * DAY_SECONDS);
    const begun = await stripe.subscriptionSchedules.retrieve(later.id);
    const canceled = await stripe.subscriptionSchedules.cancel(later.id);

    expect(begun.status).toBe('active');
    expect(canceled).toMatchObject({ status: 'canceled', canceled_at: START + 6 * DAY_SECONDS });
    const subscription = await stripe.subscriptions.retrieve(begun.subscription as string);
    expect(subscription.status).toBe('canceled');
    const told = sandbox.events().map(({ type }) => type);
    expect(told.filter((type) => type.startsWith('subscription_schedule'))).toEqual([
      'subscription_schedule.created',
      'subscription_schedule.updated',
      'subscription_schedule.canceled',
    ]);
  });

  it('take over a subscription that runs already, once', async () => {
    const customer = await payingCustomer(stripe);
    const price = await monthlyPrice(stripe, 1_000);
    const { id } = await stripe.subscriptions.create({ customer: customer.id, items: [{ price: price.id }] });
    const schedule = await stripe.subscriptionSchedules.create({ from_subscription: id });

    expect(schedule).toMatchObject({ subscription: id, phases: [{ items: [{ price: price.id }] }] });
    await expect(stripe.subscriptionSchedules.create({ from_subscription: id })).rejects.toMatchObject({
      param: 'from_subscription',
    });
    await stripe.subscriptionSchedules.release(schedule.id);
    expect(await stripe.subscriptions.retrieve(id)).toMatchObject({ schedule: null, status: 'active' });
  });
});
