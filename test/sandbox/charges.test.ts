import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type Stripe from 'stripe';
import type { StripeSandbox } from '../../sandbox/stripe-sandbox.js';
import { payingCustomer, startSandbox } from './support.js';

describe('charges', () => {
  let sandbox: StripeSandbox;
  let stripe: Stripe;

  beforeEach(async () => {
    ({ sandbox, stripe } = await startSandbox());
  });
  afterEach(() => sandbox.stop());

  const held = (amount: number): Promise<Stripe.PaymentIntent> =>
    stripe.paymentIntents.create({
      amount,
      currency: 'usd',
      capture_method: 'manual',
      payment_method: 'pm_card_visa',
      confirm: true,
    });

  it('are held, then captured in part, and only what was taken can be refunded', async () => {
    const intent = await held(10_000);
    expect(intent).toMatchObject({ status: 'requires_capture', amount_capturable: 10_000, amount_received: 0 });
    const charge = await stripe.charges.retrieve(intent.latest_charge as string);
    expect(charge).toMatchObject({ captured: false, paid: true, amount_captured: 0, balance_transaction: null });
    await expect(stripe.refunds.create({ charge: charge.id })).rejects.toMatchObject({ code: 'charge_not_refundable' });

    const done = await stripe.paymentIntents.capture(intent.id, { amount_to_capture: 6_000 });

    expect(done).toMatchObject({ status: 'succeeded', amount_capturable: 0, amount_received: 6_000 });
    const captured = await stripe.charges.retrieve(charge.id, { expand: ['balance_transaction'] });
    expect(captured).toMatchObject({ captured: true, amount: 10_000, amount_captured: 6_000, amount_refunded: 4_000 });
    expect(captured.balance_transaction).toMatchObject({ amount: 6_000, fee: 204, net: 5_796 });
    expect(sandbox.events('charge.captured')[0]?.data.previous_attributes).toMatchObject({
      captured: false,
      amount_captured: 0,
    });
    await expect(stripe.refunds.create({ charge: charge.id, amount: 6_001 })).rejects.toMatchObject({
      param: 'amount',
    });
    await stripe.refunds.create({ charge: charge.id });
    await expect(stripe.refunds.create({ charge: charge.id })).rejects.toMatchObject({
      code: 'charge_already_refunded',
    });
    await expect(stripe.paymentIntents.capture(intent.id)).rejects.toMatchObject({
      code: 'payment_intent_unexpected_state',
    });
  });

  it('are let go when the payment is canceled', async () => {
    const intent = await held(500);
    await expect(stripe.paymentIntents.capture(intent.id, { amount_to_capture: 501 })).rejects.toMatchObject({
      code: 'amount_too_large',
    });

    const canceled = await stripe.paymentIntents.cancel(intent.id);

    expect(canceled).toMatchObject({ status: 'canceled', amount_capturable: 0 });
    const charge = await stripe.charges.retrieve(intent.latest_charge as string);
    expect(charge).toMatchObject({ captured: false, refunded: true, amount_refunded: 500 });
    await expect(stripe.charges.capture(charge.id)).rejects.toMatchObject({ code: 'charge_expired_for_capture' });
    expect((await stripe.balance.retrieve()).pending).toMatchObject([{ amount: 0 }]);
  });

  it('of old integrations need no payment intent', async () => {
    const customer = await payingCustomer(stripe);
    await stripe.customers.createSource(customer.id, { source: 'tok_mastercard' });
    const charge = await stripe.charges.create({ amount: 700, currency: 'usd', customer: customer.id, capture: false });

    expect(charge).toMatchObject({ payment_intent: null, captured: false });
    expect(charge.payment_method_details?.card?.last4).toBe('4444');
    const captured = await stripe.charges.capture(charge.id);
    expect(captured).toMatchObject({ captured: true, amount_captured: 700 });
    await expect(stripe.charges.capture(charge.id)).rejects.toMatchObject({ code: 'charge_already_captured' });
    await expect(
      stripe.charges.create({ amount: 700, currency: 'usd', source: 'tok_chargeDeclined' }),
    ).rejects.toMatchObject({ code: 'card_declined', statusCode: 402 });
  });

  it('are defended with evidence and given up', async () => {
    const intent = await stripe.paymentIntents.create({
      amount: 900,
      currency: 'usd',
      payment_method: 'pm_card_visa',
      confirm: true,
    });
    const { id } = sandbox.openDispute(intent.latest_charge as string);

    const staged = await stripe.disputes.update(id, { evidence: { receipt: 'file_1' }, submit: false });
    const sent = await stripe.disputes.update(id, { evidence: { uncategorized_text: 'It was delivered.' } });

    expect(staged).toMatchObject({ status: 'needs_response', evidence_details: { submission_count: 0 } });
    expect(sent).toMatchObject({
      status: 'under_review',
      evidence: { receipt: 'file_1', uncategorized_text: 'It was delivered.' },
      evidence_details: { has_evidence: true, submission_count: 1 },
    });
    expect(await stripe.disputes.close(id)).toMatchObject({ status: 'lost' });
    await expect(stripe.disputes.update(id, { evidence: { receipt: 'x' } })).rejects.toMatchObject({ statusCode: 400 });
    await expect(stripe.refunds.create({ charge: intent.latest_charge as string })).rejects.toMatchObject({
      code: 'charge_disputed',
    });
  });
});
