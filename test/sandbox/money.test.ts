import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type Stripe from 'stripe';
import type { StripeSandbox } from '../../sandbox/stripe-sandbox.js';
import { monthlyPrice, payingCustomer, startSandbox } from './support.js';

const HALF_OF_JANUARY_SECONDS = 15.5 * 86_400;

describe('money', () => {
  let sandbox: StripeSandbox;
  let stripe: Stripe;

  beforeAll(async () => {
    ({ sandbox, stripe } = await startSandbox());
  });
  afterAll(() => sandbox.stop());

  it('counts discount, shipping and tax: 10000 − 1000 + 500, 20 % on 9500, paid 11400', async () => {
    const customer = await payingCustomer(stripe);
    const rate = await stripe.taxRates.create({ display_name: 'VAT', percentage: 20, inclusive: false });
    const coupon = await stripe.coupons.create({ amount_off: 1_000, currency: 'usd', duration: 'once' });
    const draft = await stripe.invoices.create({
      customer: customer.id,
      default_tax_rates: [rate.id],
      discounts: [{ coupon: coupon.id }],
      shipping_cost: {
        shipping_rate_data: {
          display_name: 'Post',
          type: 'fixed_amount',
          fixed_amount: { amount: 500, currency: 'usd' },
        },
      },
    });
    for (const amount of [3_333, 3_333, 3_334]) {
      await stripe.invoiceItems.create({ customer: customer.id, invoice: draft.id, amount, currency: 'usd' });
    }

    const invoice = await stripe.invoices.pay(draft.id, { expand: ['payments'] });

    expect(invoice).toMatchObject({
      status: 'paid',
      subtotal: 10_000,
      total: 11_400,
      amount_paid: 11_400,
      amount_remaining: 0,
    });
    expect(invoice.total_discount_amounts).toEqual([{ amount: 1_000, discount: invoice.discounts[0] }]);
    expect(invoice.total_taxes).toEqual([
      expect.objectContaining({ amount: 1_900, tax_behavior: 'exclusive', taxable_amount: 9_500 }),
    ]);
    expect(invoice.shipping_cost).toMatchObject({ amount_subtotal: 500, amount_tax: 100, amount_total: 600 });
    const perLine = invoice.lines.data.map((line) => line.discount_amounts?.[0]?.amount ?? 0);
    expect(perLine.reduce((a, b) => a + b, 0)).toBe(1_000);
    expect(invoice.payments?.data).toMatchObject([{ status: 'paid', amount_paid: 11_400, amount_requested: 11_400 }]);
  });

  it('takes a contained tax out of the price', async () => {
    const customer = await payingCustomer(stripe);
    const rate = await stripe.taxRates.create({ display_name: 'MwSt', percentage: 19, inclusive: true });
    const draft = await stripe.invoices.create({ customer: customer.id, default_tax_rates: [rate.id] });
    await stripe.invoiceItems.create({ customer: customer.id, invoice: draft.id, amount: 11_900, currency: 'usd' });

    const invoice = await stripe.invoices.pay(draft.id);

    expect(invoice).toMatchObject({ total: 11_900, total_excluding_tax: 10_000, subtotal_excluding_tax: 10_000 });
    expect(invoice.lines.data[0]?.taxes).toEqual([
      expect.objectContaining({ amount: 1_900, taxable_amount: 10_000, tax_behavior: 'inclusive' }),
    ]);
  });

  it('bills an upgrade at half the period: −1500 unused, +5000 remaining', async () => {
    const customer = await payingCustomer(stripe);
    const small = await monthlyPrice(stripe, 3_000);
    const large = await monthlyPrice(stripe, 10_000);
    const subscription = await stripe.subscriptions.create({ customer: customer.id, items: [{ price: small.id }] });
    await sandbox.advance(HALF_OF_JANUARY_SECONDS);

    const item = subscription.items.data[0]?.id;
    const updated = await stripe.subscriptions.update(subscription.id, {
      items: [{ id: item, price: large.id }],
      proration_behavior: 'always_invoice',
      expand: ['latest_invoice'],
    });

    const invoice = updated.latest_invoice as Stripe.Invoice;
    expect(invoice).toMatchObject({
      billing_reason: 'subscription_update',
      total: 3_500,
      amount_paid: 3_500,
      status: 'paid',
    });
    expect(invoice.lines.data.map(({ amount }) => amount)).toEqual([-1_500, 5_000]);
    expect(invoice.lines.data[0]?.parent).toMatchObject({
      type: 'subscription_item_details',
      subscription_item_details: { proration: true, subscription: subscription.id, subscription_item: item },
    });
    expect(invoice.parent?.subscription_details?.subscription).toBe(subscription.id);
  });

  it('pays from the customer balance first, and lowers an open invoice by a credit note', async () => {
    const customer = await payingCustomer(stripe);
    await stripe.customers.createBalanceTransaction(customer.id, { amount: -1_500, currency: 'usd' });
    const draft = await stripe.invoices.create({ customer: customer.id });
    await stripe.invoiceItems.create({ customer: customer.id, invoice: draft.id, amount: 10_000, currency: 'usd' });
    const open = await stripe.invoices.finalizeInvoice(draft.id);
    expect(open).toMatchObject({ total: 10_000, amount_due: 8_500, starting_balance: -1_500, ending_balance: 0 });

    const note = await stripe.creditNotes.create({ invoice: open.id, amount: 3_000 });
    const paid = await stripe.invoices.pay(open.id);
    const back = await stripe.creditNotes.create({ invoice: open.id, amount: 2_000, refund_amount: 2_000 });

    expect(note).toMatchObject({ type: 'pre_payment', pre_payment_amount: 3_000, post_payment_amount: 0 });
    expect(paid).toMatchObject({ total: 10_000, amount_paid: 5_500, pre_payment_credit_notes_amount: 3_000 });
    expect(back).toMatchObject({ type: 'post_payment', refunds: [{ amount_refunded: 2_000 }] });
  });

  it('settles an invoice of nothing without a payment', async () => {
    const customer = await payingCustomer(stripe);
    const price = await monthlyPrice(stripe, 5_000);
    const coupon = await stripe.coupons.create({ percent_off: 100, duration: 'forever' });

    const subscription = await stripe.subscriptions.create({
      customer: customer.id,
      items: [{ price: price.id }],
      discounts: [{ coupon: coupon.id }],
      expand: ['latest_invoice'],
    });

    expect(subscription.status).toBe('active');
    expect(subscription.latest_invoice).toMatchObject({ status: 'paid', subtotal: 5_000, total: 0, amount_paid: 0 });
    const invoice = (subscription.latest_invoice as Stripe.Invoice).id;
    expect((await stripe.invoicePayments.list({ invoice })).data).toEqual([]);
  });

  it('shows what was paid outside of Stripe by the API and not in events', async () => {
    const customer = await payingCustomer(stripe);
    const draft = await stripe.invoices.create({ customer: customer.id });
    await stripe.invoiceItems.create({ customer: customer.id, invoice: draft.id, amount: 10_000, currency: 'usd' });

    await stripe.invoices.pay(draft.id, { paid_out_of_band: true });

    const invoice = await stripe.invoices.retrieve(draft.id);
    expect(invoice).toMatchObject({ status: 'paid', amount_paid: 10_000, amount_paid_off_stripe: 10_000 });
    const event = sandbox.events('invoice.paid').at(-1);
    expect(event?.data.object).toMatchObject({ id: draft.id });
    expect(event?.data.object).not.toHaveProperty('amount_paid_off_stripe');
  });

  it('refuses a transfer that the balance does not cover, then makes it once it does', async () => {
    const account = await stripe.accounts.create({ capabilities: { transfers: { requested: true } } });
    const wanted = { amount: 12_000_000, currency: 'usd', destination: account.id };
    await expect(stripe.transfers.create(wanted)).rejects.toMatchObject({
      code: 'balance_insufficient',
      statusCode: 400,
    });

    sandbox.addFunds(12_000_000);
    const transfer = await stripe.transfers.create(wanted);
    const there = await stripe.balance.retrieve({}, { stripeAccount: account.id });

    expect(transfer.amount).toBe(12_000_000);
    expect(there.available).toEqual([expect.objectContaining({ amount: 12_000_000, currency: 'usd' })]);
    sandbox.setCapability(account.id, 'transfers', 'inactive');
    await expect(stripe.transfers.create({ ...wanted, amount: 1 })).rejects.toMatchObject({
      code: 'insufficient_capabilities_for_transfer',
    });
  });

  it('takes three-decimal currencies in whole tens only, and no currency that does not exist', async () => {
    const account = await stripe.accounts.create({ capabilities: { transfers: { requested: true } } });
    sandbox.addFunds(10_000, 'kwd');
    const send = (amount: number, currency: string): Promise<Stripe.Transfer> =>
      stripe.transfers.create({ amount, currency, destination: account.id });

    await expect(send(1_234, 'kwd')).rejects.toMatchObject({ param: 'amount' });
    await expect(send(1_230, 'kwd')).resolves.toMatchObject({ amount: 1_230, currency: 'kwd' });
    await expect(send(1_230, 'xyz')).rejects.toMatchObject({ param: 'currency' });
  });

  it('splits a discount over the lines it applies to, to the last unit', async () => {
    const customer = await payingCustomer(stripe);
    const price = await monthlyPrice(stripe, 1_000);
    const [one, other] = await Promise.all(
      [3_000, 2_000].map((unit_amount) =>
        stripe.prices.create({ currency: 'usd', unit_amount, product_data: { name: `Thing of ${unit_amount}` } }),
      ),
    );
    const coupon = await stripe.coupons.create({
      amount_off: 1_001,
      currency: 'usd',
      applies_to: { products: [one?.product as string, other?.product as string] },
    });
    const draft = await stripe.invoices.create({ customer: customer.id, discounts: [{ coupon: coupon.id }] });
    for (const { id } of [one, other].filter((known) => known !== undefined)) {
      await stripe.invoiceItems.create({ invoice: draft.id, customer: customer.id, pricing: { price: id } });
    }
    await stripe.invoiceItems.create({
      invoice: draft.id,
      customer: customer.id,
      amount: 500,
      currency: price.currency,
    });

    const invoice = await stripe.invoices.finalizeInvoice(draft.id);

    expect(invoice.lines.data.map((line) => line.discount_amounts?.[0]?.amount)).toEqual([601, 400, undefined]);
    expect(invoice.total).toBe(4_499);
  });
});
