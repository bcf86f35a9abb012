import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type Stripe from 'stripe';
import type { StripeSandbox } from '../../sandbox/stripe-sandbox.js';
import { monthlyPrice, Receiver, startSandbox } from './support.js';

/** Every event of the story below, in Stripe's order. */
const STORY = [
  'product.created',
  'price.created',
  'customer.created',
  'payment_method.attached',
  'customer.subscription.created',
  'customer.updated',
  'invoice.created',
  'payment_intent.created',
  'invoice.finalized',
  'invoice.updated',
  'charge.succeeded',
  'payment_intent.succeeded',
  'invoice.updated',
  'customer.subscription.updated',
  'invoice.paid',
  'invoice.payment_succeeded',
  'invoice_payment.paid',
  'checkout.session.completed',
  ...['refund.created', 'charge.refunded', 'refund.updated', 'charge.refund.updated'],
  ...['refund.created', 'charge.refunded', 'refund.updated', 'charge.refund.updated'],
  'topup.created',
  'topup.succeeded',
  'balance.available',
  'transfer.created',
  'transfer.reversed',
];

describe('from checkout to reversal', () => {
  let sandbox: StripeSandbox;
  let stripe: Stripe;
  let receiver: Receiver;

  beforeAll(async () => {
    ({ sandbox, stripe } = await startSandbox());
    receiver = await Receiver.start();
    receiver.secret = sandbox.addWebhookEndpoint({ url: receiver.url }).secret;
  });

  afterAll(async () => {
    await sandbox.stop();
    await receiver.stop();
  });

  it('sells by Checkout, refunds in parts, transfers and takes back', async () => {
    const price = await monthlyPrice(stripe, 10_000);
    const session = await stripe.checkout.sessions.create({
      mode: 'subscription',
      line_items: [{ price: price.id, quantity: 1 }],
      client_reference_id: 'clk_1',
      success_url: 'https://example.com/done',
    });
    expect(session).toMatchObject({ status: 'open', payment_status: 'unpaid', amount_total: 10_000, customer: null });

    sandbox.completeCheckout(session.id, { email: 'jo@example.com', name: 'Jo' });

    const done = await stripe.checkout.sessions.retrieve(session.id, {
      expand: ['subscription.latest_invoice', 'customer', 'line_items'],
    });
    const subscription = done.subscription as Stripe.Subscription;
    const invoice = subscription.latest_invoice as Stripe.Invoice;
    expect(done).toMatchObject({ status: 'complete', payment_status: 'paid', client_reference_id: 'clk_1' });
    expect(done.customer).toMatchObject({ object: 'customer', email: 'jo@example.com' });
    expect(done.line_items?.data).toHaveLength(1);
    expect(subscription.status).toBe('active');
    expect(invoice).toMatchObject({ status: 'paid', amount_paid: 10_000, billing_reason: 'subscription_create' });

    const [payment] = (await stripe.invoicePayments.list({ invoice: invoice.id })).data;
    const intentId = payment?.payment.payment_intent as string;
    const first = await stripe.refunds.create({ payment_intent: intentId, amount: 2_500 });
    await stripe.refunds.create({ payment_intent: intentId, amount: 2_500 });
    await expect(stripe.refunds.create({ payment_intent: intentId, amount: 5_001 })).rejects.toMatchObject({
      code: 'amount_too_large',
    });
    const charge = await stripe.charges.retrieve(first.charge as string, {
      expand: ['refunds', 'balance_transaction'],
    });
    expect(charge).toMatchObject({ amount_refunded: 5_000, refunded: false });
    expect(charge.refunds?.data).toHaveLength(2);
    expect(charge.balance_transaction).toMatchObject({ amount: 10_000, fee: 320, net: 9_680 });

    const account = await stripe.accounts.create({
      country: 'US',
      capabilities: { transfers: { requested: true } },
      tos_acceptance: { service_agreement: 'recipient' },
    });
    expect(account).toMatchObject({ charges_enabled: false, capabilities: { transfers: 'active' } });
    sandbox.addFunds(20_000);
    const transfer = await stripe.transfers.create({
      amount: 1_500,
      currency: 'usd',
      destination: account.id,
      transfer_group: 'run_1',
    });
    await stripe.transfers.createReversal(transfer.id, { amount: 500 });
    const [listed] = (await stripe.transfers.list({ transfer_group: 'run_1' })).data;
    expect(listed).toMatchObject({ id: transfer.id, amount: 1_500, amount_reversed: 500, reversed: false });

    await sandbox.idle();
    expect(receiver.rejected).toEqual([]);
    expect(sandbox.events().map(({ type }) => type)).toEqual(STORY);
    expect([...receiver.types].sort()).toEqual([...STORY].sort());
  });
});
