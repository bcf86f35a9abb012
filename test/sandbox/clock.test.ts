import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type Stripe from 'stripe';
import { AdjustableClock } from '../../src/common/clock.js';
import { StripeSandbox } from '../../sandbox/stripe-sandbox.js';
import { clientOf, MIDNIGHT, monthlyPrice, payingCustomer, startSandbox } from './support.js';

const DAY = 86_400;
const at = (iso: string): number => Date.parse(iso) / 1_000;

describe('clock', () => {
  let sandbox: StripeSandbox;
  let stripe: Stripe;

  beforeEach(async () => {
    ({ sandbox, stripe } = await startSandbox());
  });
  afterEach(() => sandbox.stop());

  it('renews at the due instants, however far it is moved', async () => {
    const customer = await payingCustomer(stripe);
    const price = await monthlyPrice(stripe, 2_000);
    const subscription = await stripe.subscriptions.create({ customer: customer.id, items: [{ price: price.id }] });

    await sandbox.advance(70 * DAY);

    const invoices = (await stripe.invoices.list({ subscription: subscription.id })).data;
    expect(invoices.map(({ created }) => created)).toEqual([at('2026-03-01'), at('2026-02-01'), at('2026-01-01')]);
    expect(invoices.map(({ status }) => status)).toEqual(['paid', 'paid', 'paid']);
    expect(invoices[0]?.status_transitions.paid_at).toBe(at('2026-03-01'));
    expect(invoices[0]).toMatchObject({
      billing_reason: 'subscription_cycle',
      period_start: at('2026-02-01'),
      period_end: at('2026-03-01'),
    });
    const { items } = await stripe.subscriptions.retrieve(subscription.id);
    expect(items.data[0]).toMatchObject({
      current_period_start: at('2026-03-01'),
      current_period_end: at('2026-04-01'),
    });
    expect(sandbox.events('invoice.paid').map(({ created }) => created)).toEqual(
      [at('2026-01-01'), at('2026-02-01')].concat(at('2026-03-01')),
    );
  });

  it('ends a trial with the first payment', async () => {
    const customer = await payingCustomer(stripe);
    const price = await monthlyPrice(stripe, 2_900);
    const subscription = await stripe.subscriptions.create({
      customer: customer.id,
      items: [{ price: price.id }],
      trial_period_days: 14,
    });
    expect(subscription.status).toBe('trialing');

    await sandbox.advance(14 * DAY);

    const invoices = (await stripe.invoices.list({ subscription: subscription.id })).data;
    expect(invoices.map(({ amount_paid }) => amount_paid)).toEqual([2_900, 0]);
    expect((await stripe.subscriptions.retrieve(subscription.id)).status).toBe('active');
    expect(sandbox.events('customer.subscription.trial_will_end')).toMatchObject([{ created: at('2026-01-12') }]);
  });

  it('cancels at the end of the period', async () => {
    const customer = await payingCustomer(stripe);
    const price = await monthlyPrice(stripe, 2_000);
    const subscription = await stripe.subscriptions.create({ customer: customer.id, items: [{ price: price.id }] });
    await stripe.subscriptions.update(subscription.id, { cancel_at_period_end: true });

    await sandbox.advance(31 * DAY);

    expect(await stripe.subscriptions.retrieve(subscription.id)).toMatchObject({
      status: 'canceled',
      ended_at: at('2026-02-01'),
    });
    expect((await stripe.invoices.list({ subscription: subscription.id })).data).toHaveLength(1);
  });

  it('leaves a renewal that declines open and past due, and pays it later', async () => {
    const customer = await payingCustomer(stripe);
    const price = await monthlyPrice(stripe, 2_000);
    const subscription = await stripe.subscriptions.create({ customer: customer.id, items: [{ price: price.id }] });
    const bad = await stripe.paymentMethods.attach('pm_card_chargeCustomerFail', { customer: customer.id });
    await stripe.customers.update(customer.id, { invoice_settings: { default_payment_method: bad.id } });
    await sandbox.advance(31 * DAY);

    const [invoice] = (await stripe.invoices.list({ subscription: subscription.id })).data;
    expect(invoice).toMatchObject({ status: 'open', attempt_count: 1, next_payment_attempt: at('2026-02-04') });
    expect((await stripe.subscriptions.retrieve(subscription.id)).status).toBe('past_due');

    await stripe.invoices.pay(invoice?.id ?? '', { payment_method: 'pm_card_visa' });
    expect((await stripe.subscriptions.retrieve(subscription.id)).status).toBe('active');
  });

  it('waits for a first payment that the customer confirms, and gives up after 23 hours', async () => {
    const customer = await stripe.customers.create({});
    const price = await monthlyPrice(stripe, 2_000);
    const subscribe = (): Promise<Stripe.Subscription> =>
      stripe.subscriptions.create({
        customer: customer.id,
        items: [{ price: price.id }],
        payment_behavior: 'default_incomplete',
        expand: ['latest_invoice.payments'],
      });
    const [confirmed, forgotten] = [await subscribe(), await subscribe()];
    const [payment] = (confirmed.latest_invoice as Stripe.Invoice).payments?.data ?? [];

    await stripe.paymentIntents.confirm(payment?.payment.payment_intent as string, { payment_method: 'pm_card_visa' });
    await sandbox.advance(DAY);

    const after = await stripe.subscriptions.retrieve(confirmed.id, { expand: ['latest_invoice'] });
    expect([confirmed.status, after.status]).toEqual(['incomplete', 'active']);
    expect(after.latest_invoice).toMatchObject({ status: 'paid', amount_paid: 2_000 });
    expect((await stripe.subscriptions.retrieve(forgotten.id)).status).toBe('incomplete_expired');
  });

  it('lets payouts arrive and funds become available', async () => {
    await stripe.paymentIntents.create({
      amount: 10_000,
      currency: 'usd',
      payment_method: 'pm_card_visa',
      confirm: true,
    });
    const before = await stripe.balance.retrieve();
    await sandbox.advance(2 * DAY);
    const after = await stripe.balance.retrieve();
    const payout = await stripe.payouts.create({ amount: 9_000, currency: 'usd' });
    await sandbox.advance(3 * DAY);

    expect([before.available[0]?.amount, before.pending[0]?.amount]).toEqual([0, 9_680]);
    expect([after.available[0]?.amount, after.pending[0]?.amount]).toEqual([9_680, 0]);
    expect((await stripe.payouts.retrieve(payout.id)).status).toBe('paid');
    expect(sandbox.events('balance.available')).toHaveLength(1);
  });

  it('passes for the customers of a test clock alone', async () => {
    const clock = await stripe.testHelpers.testClocks.create({ frozen_time: at('2025-06-01') });
    const customer = await payingCustomer(stripe, 'pm_card_visa', clock.id);
    const price = await monthlyPrice(stripe, 2_000);
    const subscription = await stripe.subscriptions.create({ customer: customer.id, items: [{ price: price.id }] });

    await stripe.testHelpers.testClocks.advance(clock.id, { frozen_time: at('2025-08-15') });

    const invoices = (await stripe.invoices.list({ subscription: subscription.id })).data;
    expect(invoices.map(({ created }) => created)).toEqual([at('2025-08-01'), at('2025-07-01'), at('2025-06-01')]);
    expect(sandbox.clock.now()).toEqual(MIDNIGHT);
  });

  it('is told in the Date header of every answer', async () => {
    await sandbox.advance(3_600);
    const answer = await fetch(`${sandbox.url}/v1/customers`, { headers: { authorization: 'Bearer sk_test_1' } });

    expect(answer.headers.get('date')).toBe('Thu, 01 Jan 2026 01:00:00 GMT');
    await expect(sandbox.advance(-1)).rejects.toThrow('forward');
  });

  it('and everything else survive a restart', async () => {
    const stateFile = join(mkdtempSync(join(tmpdir(), 'sandbox-')), 'state.json');
    const clock = new AdjustableClock();
    clock.set(MIDNIGHT);
    const first = await StripeSandbox.start({ stateFile, clock });
    const made = await clientOf(first).customers.create({ name: 'Jo' }, { idempotencyKey: 'k' });
    await first.advance(10 * DAY);
    await first.stop();

    const second = await StripeSandbox.start({ stateFile });
    const client = clientOf(second);
    const again = await client.customers.create({ name: 'Jo' }, { idempotencyKey: 'k' });

    expect(await client.customers.retrieve(made.id)).toMatchObject({ name: 'Jo' });
    expect(again.id).not.toBe(made.id);
    expect(second.clock.now().getTime()).toBeGreaterThanOrEqual(at('2026-01-11') * 1_000);
    expect(second.clock.now().getTime()).toBeLessThan(at('2026-01-12') * 1_000);
    await second.stop();
  });
});
