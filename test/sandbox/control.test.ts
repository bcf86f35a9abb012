import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type Stripe from 'stripe';
import { StripeSandbox } from '../../sandbox/stripe-sandbox.js';
import { clientOf, Receiver, startSandbox } from './support.js';

describe('control routes', () => {
  let sandbox: StripeSandbox;
  let stripe: Stripe;

  beforeEach(async () => {
    ({ sandbox, stripe } = await startSandbox());
  });
  afterEach(() => sandbox.stop());

  const control = async (method: string, path: string, body?: object): Promise<{ status: number; body: unknown }> => {
    const init = { method, ...(body && { body: JSON.stringify(body) }) };
    const response = await fetch(`${sandbox.url}/_sandbox/${path}`, init);
    return { status: response.status, body: await response.json() };
  };
  const oneOffSession = (fields: Partial<Stripe.Checkout.SessionCreateParams> = {}): Promise<Stripe.Checkout.Session> =>
    stripe.checkout.sessions.create({
      mode: 'payment',
      line_items: [
        { price_data: { currency: 'usd', unit_amount: 5_000, product_data: { name: 'Book' } }, quantity: 2 },
      ],
      success_url: 'https://example.com',
      ...fields,
    });

  it('complete a session whose payment comes later, and let it come or not', async () => {
    for (const [outcome, payment_status, told] of [
      ['succeed', 'paid', 'checkout.session.async_payment_succeeded'],
      ['fail', 'unpaid', 'checkout.session.async_payment_failed'],
    ] as const) {
      const { id } = await oneOffSession();
      await control('POST', `checkout/sessions/${id}/complete`, { async: 'pending', email: 'jo@example.com' });
      expect(await stripe.checkout.sessions.retrieve(id)).toMatchObject({
        status: 'complete',
        payment_status: 'unpaid',
      });

      await control('POST', `checkout/sessions/${id}/async_payment`, { outcome });

      const session = await stripe.checkout.sessions.retrieve(id, { expand: ['payment_intent'] });
      expect(session).toMatchObject({ payment_status, amount_total: 10_000, invoice: null });
      expect(sandbox.events(told)).toHaveLength(1);
    }
  });

  it('redeem a promotion code at Checkout, once if it is for one use', async () => {
    const coupon = await stripe.coupons.create({ percent_off: 20, duration: 'once' });
    const code = await stripe.promotionCodes.create({
      promotion: { type: 'coupon', coupon: coupon.id },
      code: 'ALICE',
      max_redemptions: 1,
    });
    const { id } = await oneOffSession({ allow_promotion_codes: true });

    const done = await control('POST', `checkout/sessions/${id}/complete`, { promotion_code: code.id });
    const other = await oneOffSession({ allow_promotion_codes: true });
    const refused = await control('POST', `checkout/sessions/${other.id}/complete`, { promotion_code: code.id });

    expect(done.body).toMatchObject({
      amount_subtotal: 10_000,
      amount_total: 8_000,
      discounts: [{ promotion_code: code.id }],
    });
    expect(refused).toMatchObject({ status: 400, body: { error: { code: 'promotion_code_invalid' } } });
    expect(await stripe.promotionCodes.retrieve(code.id)).toMatchObject({ active: false, times_redeemed: 1 });
    expect((await stripe.checkout.sessions.listLineItems(id)).data).toMatchObject([
      { amount_discount: 2_000, amount_total: 8_000 },
    ]);
  });

  it('fail a refund, whose money is then back', async () => {
    const intent = await stripe.paymentIntents.create({
      amount: 1_000,
      currency: 'usd',
      payment_method: 'pm_card_visa',
      confirm: true,
    });
    const refund = await stripe.refunds.create({ payment_intent: intent.id, amount: 400 });

    await control('POST', `refunds/${refund.id}/fail`, {});

    expect(await stripe.refunds.retrieve(refund.id)).toMatchObject({
      status: 'failed',
      failure_reason: 'expired_or_canceled_card',
    });
    expect(await stripe.charges.retrieve(intent.latest_charge as string)).toMatchObject({
      amount_refunded: 0,
      refunded: false,
    });
    const types = sandbox.events().map(({ type }) => type);
    expect(types.slice(-4)).toEqual(['refund.updated', 'charge.refund.updated', 'refund.failed', 'charge.updated']);
  });

  it('move the clock, set faults and show the requests', async () => {
    const clock = await control('POST', 'clock/advance', { seconds: 60 });
    await control('POST', 'faults', { kind: 'rate_limit', path: '/v1/customers' });
    await expect(stripe.customers.list()).rejects.toMatchObject({ statusCode: 429 });
    const requests = await control('GET', 'requests?path=/v1/customers');

    expect(clock.body).toEqual({ now: '2026-01-01T00:01:00.000Z' });
    expect(requests.body).toMatchObject([{ method: 'GET', status: 429 }]);
    expect((await control('GET', 'nothing')).status).toBe(404);
  });

  it('keep what was not delivered over a restart', async () => {
    const receiver = await Receiver.start();
    const stateFile = join(mkdtempSync(join(tmpdir(), 'sandbox-')), 'state.json');
    const first = await StripeSandbox.start({ stateFile });
    const options = { url: receiver.url, secret: 'whsec_fixed' };
    receiver.secret = first.ensureWebhookEndpoint(options).secret;
    receiver.answer = () => 503;
    await clientOf(first).customers.create({ name: 'Jo' });
    await first.stop();

    receiver.answer = () => 200;
    const second = await StripeSandbox.start({ stateFile });
    second.ensureWebhookEndpoint(options);
    await second.idle();

    expect(receiver.types).toEqual(['customer.created']);
    expect((await clientOf(second).webhookEndpoints.list()).data).toHaveLength(1);
    await second.stop();
    await receiver.stop();
  });
});
