import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type Stripe from 'stripe';
import type { StripeSandbox } from '../../sandbox/stripe-sandbox.js';
import { MIDNIGHT, monthlyPrice, payingCustomer, startSandbox } from './support.js';

const HALF_OF_JANUARY_SECONDS = 15.5 * 86_400;
const FEBRUARY = MIDNIGHT.getTime() / 1_000 + 31 * 86_400;

describe('invoices', () => {
  let sandbox: StripeSandbox;
  let stripe: Stripe;

  beforeEach(async () => {
    ({ sandbox, stripe } = await startSandbox());
  });
  afterEach(() => sandbox.stop());

  async function openInvoice(amount: number): Promise<{ customer: string; id: string }> {
    const customer = await payingCustomer(stripe);
    const draft = await stripe.invoices.create({ customer: customer.id });
    await stripe.invoiceItems.create({ customer: customer.id, invoice: draft.id, amount, currency: 'usd' });
    await stripe.invoices.finalizeInvoice(draft.id);
    return { customer: customer.id, id: draft.id };
  }

  const paymentOf = (customer: string, amount: number): Promise<Stripe.PaymentIntent> =>
    stripe.paymentIntents.create({ amount, currency: 'usd', customer, payment_method: 'pm_card_visa', confirm: true });

  it('are paid in parts, and the rest by their own payment', async () => {
    const { customer, id } = await openInvoice(10_000);
    const part = await paymentOf(customer, 4_000);

    const partly = await stripe.invoices.attachPayment(id, { payment_intent: part.id });

    expect(partly).toMatchObject({ status: 'open', amount_due: 10_000, amount_paid: 4_000, amount_remaining: 6_000 });
    const paid = await stripe.invoices.pay(id, { expand: ['payments'] });
    expect(paid).toMatchObject({ status: 'paid', amount_paid: 10_000, amount_remaining: 0, amount_overpaid: 0 });
    const shares = paid.payments?.data.map(({ amount_paid, is_default, status }) => [amount_paid, is_default, status]);
    expect(shares).toEqual(
      expect.arrayContaining([
        [4_000, false, 'paid'],
        [6_000, true, 'paid'],
      ]),
    );
    expect(await stripe.invoices.retrieve(id)).toMatchObject({ amount_paid_off_stripe: 0 });
    expect(sandbox.events('invoice_payment.paid')).toHaveLength(2);
  });

  it('give to the balance what was paid too much', async () => {
    const { customer, id } = await openInvoice(10_000);
    const later = await stripe.paymentIntents.create({ amount: 12_500, currency: 'usd', customer });
    await stripe.invoices.attachPayment(id, { payment_intent: later.id });

    await stripe.paymentIntents.confirm(later.id, { payment_method: 'pm_card_visa' });

    const paid = await stripe.invoices.retrieve(id, { expand: ['payments'] });
    expect(paid).toMatchObject({ status: 'paid', amount_paid: 12_500, amount_overpaid: 2_500, amount_remaining: 0 });
    expect(paid.payments?.data.map(({ status }) => status).sort()).toEqual(['canceled', 'paid']);
    expect(sandbox.events('invoice.overpaid')).toHaveLength(1);
    expect(await stripe.customers.retrieve(customer)).toMatchObject({ balance: -2_500 });
    await expect(stripe.invoices.attachPayment(id, { payment_intent: later.id })).rejects.toMatchObject({
      param: 'payment_intent',
    });
  });

  it('have lines that can be added, changed, taken off and paged', async () => {
    const customer = await payingCustomer(stripe);
    const draft = await stripe.invoices.create({ customer: customer.id });
    const price = await stripe.prices.create({ currency: 'usd', unit_amount: 250, product_data: { name: 'Seat' } });
    await stripe.invoices.addLines(draft.id, {
      lines: [
        ...Array.from({ length: 11 }, (_none, index) => ({ amount: 100 + index, description: `Line ${index}` })),
        { pricing: { price: price.id }, quantity: 4 },
      ],
    });

    const [first, second] = (await stripe.invoices.listLineItems(draft.id, { limit: 2 })).data;
    await stripe.invoices.updateLines(draft.id, { lines: [{ id: first?.id ?? '', amount: 900 }] });
    await stripe.invoices.updateLineItem(draft.id, second?.id ?? '', { description: 'Other' });
    const lines = await stripe.invoices.listLineItems(draft.id, { limit: 3 }).autoPagingToArray({ limit: 50 });

    expect(lines).toHaveLength(12);
    expect(lines.slice(0, 2)).toMatchObject([{ amount: 900 }, { amount: 101, description: 'Other' }]);
    const invoice = await stripe.invoices.removeLines(draft.id, {
      lines: [{ id: lines[1]?.id ?? '', behavior: 'unassign' }],
    });
    expect(invoice).toMatchObject({ total: 900 + 9 * 106 + 1_000, lines: { has_more: true } });
    const { data: pending } = await stripe.invoiceItems.list({ customer: customer.id, pending: true });
    expect(pending.map(({ description }) => description)).toEqual(['Other']);
  });

  it('walk through every state and tell when', async () => {
    const { id: voided } = await openInvoice(100);
    const { id: bad } = await openInvoice(200);
    const customer = await payingCustomer(stripe);
    const draft = await stripe.invoices.create({ customer: customer.id });

    await stripe.invoices.voidInvoice(voided);
    await stripe.invoices.markUncollectible(bad);
    expect(await stripe.invoices.retrieve(bad)).toMatchObject({
      status: 'uncollectible',
      status_transitions: { marked_uncollectible_at: MIDNIGHT.getTime() / 1_000 },
    });
    await stripe.invoices.pay(bad, { paid_out_of_band: true });
    await stripe.invoices.del(draft.id);

    expect(await stripe.invoices.retrieve(voided)).toMatchObject({ status: 'void', amount_remaining: 100 });
    expect(await stripe.invoices.retrieve(bad)).toMatchObject({ status: 'paid', amount_paid_off_stripe: 200 });
    await expect(stripe.invoices.del(voided)).rejects.toMatchObject({ code: 'invoice_not_editable' });
    await expect(stripe.invoices.pay(voided)).rejects.toMatchObject({ code: 'invoice_not_editable' });
    await expect(stripe.invoices.pay(bad)).rejects.toMatchObject({ code: 'invoice_already_paid' });
  });

  describe('before they are made', () => {
    it('show a change with its prorations, and what then is billed is the same', async () => {
      const customer = await payingCustomer(stripe);
      const [small, large] = [await monthlyPrice(stripe, 3_000), await monthlyPrice(stripe, 10_000)];
      const { id, items } = await stripe.subscriptions.create({ customer: customer.id, items: [{ price: small.id }] });
      await sandbox.advance(HALF_OF_JANUARY_SECONDS);
      const change = { items: [{ id: items.data[0]?.id, price: large.id }] };
      const eventsBefore = sandbox.events().length;

      const atOnce = await stripe.invoices.createPreview({
        subscription: id,
        subscription_details: { ...change, proration_behavior: 'always_invoice' },
      });
      const atRenewal = await stripe.invoices.createPreview({ subscription: id, subscription_details: change });

      expect(atOnce).toMatchObject({ status: 'draft', billing_reason: 'upcoming', total: 3_500, amount_due: 3_500 });
      expect(atOnce.id).toMatch(/^upcoming_in_/);
      expect(atOnce.lines.data.map(({ amount }) => amount)).toEqual([-1_500, 5_000]);
      expect(atRenewal).toMatchObject({ total: 13_500, period_end: FEBRUARY });
      expect(sandbox.events()).toHaveLength(eventsBefore);
      expect(await stripe.subscriptions.retrieve(id)).toMatchObject({ items: { data: [{ price: { id: small.id } }] } });

      const updated = await stripe.subscriptions.update(id, {
        ...change,
        proration_behavior: 'always_invoice',
        expand: ['latest_invoice'],
      });
      expect((updated.latest_invoice as Stripe.Invoice).total).toBe(atOnce.total);
    });

    it('show the next of a customer, after the balance and with every line', async () => {
      const customer = await payingCustomer(stripe);
      const prices = await Promise.all(Array.from({ length: 12 }, () => monthlyPrice(stripe, 100)));
      await stripe.subscriptions.create({ customer: customer.id, items: prices.map(({ id }) => ({ price: id })) });
      await stripe.customers.createBalanceTransaction(customer.id, { amount: -500, currency: 'usd' });

      const preview = await stripe.invoices.createPreview({
        customer: customer.id,
        invoice_items: [{ amount: 300, currency: 'usd', description: 'Setup' }],
      });

      expect(preview).toMatchObject({ total: 1_500, amount_due: 1_000, starting_balance: -500, ending_balance: 0 });
      expect(preview.lines).toMatchObject({ has_more: true });
      const lines = await stripe.invoices.listLineItems(preview.id).autoPagingToArray({ limit: 99 });
      expect(lines).toHaveLength(13);
      const recurring = await stripe.invoices.createPreview({ customer: customer.id, preview_mode: 'recurring' });
      expect(recurring.total).toBe(1_200);
      expect((await stripe.invoiceItems.list({ customer: customer.id })).data).toEqual([]);
    });

    it('show a subscription that does not exist yet, and say when there is none', async () => {
      const customer = await payingCustomer(stripe);
      const price = await monthlyPrice(stripe, 4_000);
      const coupon = await stripe.coupons.create({ percent_off: 25 });

      const preview = await stripe.invoices.createPreview({
        customer: customer.id,
        subscription_details: { items: [{ price: price.id, quantity: 2 }] },
        discounts: [{ coupon: coupon.id }],
      });

      expect(preview).toMatchObject({ subtotal: 8_000, total: 6_000 });
      expect((await stripe.subscriptions.list({ customer: customer.id, status: 'all' })).data).toEqual([]);
      expect(await stripe.coupons.retrieve(coupon.id)).toMatchObject({ times_redeemed: 0 });
      await expect(stripe.invoices.createPreview({ customer: customer.id })).rejects.toMatchObject({
        code: 'invoice_upcoming_none',
        statusCode: 404,
      });
      await expect(stripe.invoices.createPreview({})).rejects.toMatchObject({ code: 'parameter_missing' });
    });

    it('show what would be settled if the subscription ended now', async () => {
      const customer = await payingCustomer(stripe);
      const price = await monthlyPrice(stripe, 3_000);
      const { id } = await stripe.subscriptions.create({ customer: customer.id, items: [{ price: price.id }] });
      await sandbox.advance(HALF_OF_JANUARY_SECONDS);

      const preview = await stripe.invoices.createPreview({
        subscription: id,
        subscription_details: { cancel_now: true },
      });

      expect(preview).toMatchObject({ total: -1_500, amount_due: 0, ending_balance: -1_500 });
    });
  });
});
