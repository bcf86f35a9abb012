import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type Stripe from 'stripe';
import { deliverAll, drain, randomId, stripeEvent } from '../support/stripe-events.js';
import { charge, invoice, invoiceLine, invoicePayment } from '../support/stripe-objects.js';
import { Story } from '../support/story.js';
import { clientOf, monthlyPrice, payingCustomer } from '../sandbox/support.js';

let story: Story;
let stripe: Stripe;
beforeAll(async () => {
  story = await Story.begin();
  stripe = clientOf(story.sandbox);
});
afterAll(() => story.end());

const summary = (id: string) => story.call<Record<string, unknown>>('GET', `/v1/billing/charges/${id}/summary`);

/** Mirrors objects by events alone; Stripe knows nothing of them. */
async function known(...objects: Array<[type: string, object: Record<string, unknown>]>): Promise<void> {
  await deliverAll(
    story.service,
    objects.map(([type, object]) => stripeEvent(type, object, { created: 1_780_000_000 })),
  );
  await drain(story.service, ['inbox']);
}

describe('what a charge is', () => {
  it('is told with its invoice, subscription, prices, fee and net, out of the mirror alone', async () => {
    const customer = await payingCustomer(stripe);
    const price = await monthlyPrice(stripe, 3_000);
    const bought = await stripe.subscriptions.create({ customer: customer.id, items: [{ price: price.id }] });
    await story.sandbox.idle();
    await drain(story.service, ['inbox']);
    const [paid] = (await stripe.charges.list({ customer: customer.id })).data;

    const told = await summary(String(paid?.id));

    expect(told).toMatchObject({
      state: 'succeeded',
      explanation: 'Succeeded: 30.00 USD was taken.',
      customer: customer.id,
      invoices: [bought.latest_invoice],
      subscriptions: [bought.id],
      prices: [price.id],
      feeMissing: 'not_mirrored',
      feeMinor: null,
    });

    await story.call('GET', `/v1/billing/balance_transactions/${String(told.balanceTransaction)}?fresh=true`);
    const booking = await stripe.balanceTransactions.retrieve(String(told.balanceTransaction));
    expect(await summary(String(paid?.id))).toMatchObject({
      feeMinor: booking.fee,
      netMinor: booking.net,
      feeCurrency: 'usd',
      feeMissing: null,
    });
  });

  it.each([
    [{ status: 'failed', failure_message: 'Your card was declined.' }, 'failed', 'Failed: Your card was declined.'],
    [{ status: 'pending' }, 'pending', 'Pending: 50.00 USD is on its way.'],
    [{ disputed: true }, 'disputed', /not in the mirror yet/],
    [{ captured: false, refunded: true, amount_captured: 0 }, 'authorization_canceled', /let go/],
    [{ amount: 5_000, amount_captured: 2_000 }, 'partially_captured', /20.00 USD of 50.00 USD/],
    [{ currency: 'jpy' }, 'succeeded', 'Succeeded: 5000 JPY was taken.'],
  ])('%j is %s', async (fields, state, explanation) => {
    const object = charge(fields);
    await known(['charge.updated', object]);

    const told = await summary(object.id);

    expect(told.state).toBe(state);
    expect(told.explanation).toEqual(
      typeof explanation === 'string' ? explanation : expect.stringMatching(explanation),
    );
  });

  it('counts a dispute by its own state', async () => {
    const object = charge({ disputed: true });
    const dispute = {
      id: randomId('dp'),
      object: 'dispute',
      created: 1_780_000_000,
      charge: object.id,
      reason: 'fraudulent',
    };
    await known(['charge.updated', object], ['charge.dispute.created', { ...dispute, status: 'needs_response' }]);
    expect(await summary(object.id)).toMatchObject({
      state: 'disputed',
      explanation: `Disputed (${dispute.id}, fraudulent): needs response.`,
      disputes: [dispute.id],
    });

    await deliverAll(story.service, [
      stripeEvent('charge.dispute.closed', { ...dispute, status: 'won' }, { created: 1_780_000_100 }),
    ]);
    await drain(story.service, ['inbox']);

    expect(await summary(object.id)).toMatchObject({ state: 'succeeded' });
  });

  it.each([
    ['named by the charge, as until 2025', (bill: string) => ({ invoice: bill, payment_intent: null })],
    ['linked by a payment intent, as since 2025', () => ({ payment_intent: 'pi_links' })],
  ])('finds its invoice %s', async (_name, fields) => {
    const bill = invoice({}, [
      invoiceLine({ price: { id: 'price_old', product: 'prod_old' }, subscription: 'sub_old' }),
    ]);
    const intent = randomId('pi');
    const given = fields(bill.id);
    const object = charge({ ...given, ...(given.payment_intent === null ? {} : { payment_intent: intent }) });
    const link = invoicePayment(bill.id, intent, 5_000);
    const linked: Array<[string, Record<string, unknown>]> =
      given.payment_intent === null ? [] : [['invoice_payment.paid', link]];
    await known(['invoice.paid', bill], ['charge.succeeded', object], ...linked);

    expect(await summary(object.id)).toMatchObject({
      invoices: [bill.id],
      subscriptions: ['sub_old'],
      prices: ['price_old'],
      products: ['prod_old'],
    });
  });

  it('keeps to its own account', async () => {
    const object = charge({ payment_intent: null, invoice: 'in_elsewhere' });
    const account = randomId('acct');
    const bill = invoice({ id: randomId('in'), charge: object.id });
    await deliverAll(story.service, [stripeEvent('charge.succeeded', object, { created: 1_780_000_000 })]);
    await story.service.db.query(
      `INSERT INTO stripe.invoices (workspace_id, account, id, data, source_updated_at, source_rank) VALUES ($1, $2, $3, $4, now(), 0)`,
      [story.service.workspaceId, account, bill.id, bill],
    );
    await drain(story.service, ['inbox']);

    expect(await summary(object.id)).toMatchObject({ invoices: ['in_elsewhere'] });
  });
});
