import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type Stripe from 'stripe';
import type { StripeSandbox } from '../../sandbox/stripe-sandbox.js';
import { monthlyPrice, payingCustomer, startSandbox } from './support.js';

const NOW = Date.parse('2026-01-01T00:00:00Z') / 1_000;
const MONTH_SECONDS = 30 * 86_400;

describe('a quote', () => {
  let sandbox: StripeSandbox;
  let stripe: Stripe;

  beforeAll(async () => {
    ({ sandbox, stripe } = await startSandbox());
  });
  afterAll(() => sandbox.stop());

  const oneOffPrice = (unit_amount: number): Promise<Stripe.Price> =>
    stripe.prices.create({ currency: 'usd', unit_amount, product_data: { name: 'Setup' } });
  const told = (id: string): string[] =>
    sandbox
      .events()
      .filter(({ data }) => (data.object as { id: string }).id === id)
      .map(({ type }) => type);

  it('begins a subscription when it is accepted, with what comes once on its first invoice', async () => {
    const customer = await payingCustomer(stripe);
    const [monthly, setup] = [await monthlyPrice(stripe, 3_000), await oneOffPrice(5_000)];
    const draft = await stripe.quotes.create({
      customer: customer.id,
      line_items: [{ price: monthly.id, quantity: 2 }, { price: setup.id }],
      subscription_data: { metadata: { deal: 'big' } },
    });
    expect(draft).toMatchObject({
      ...{ status: 'draft', number: null, amount_total: 11_000, expires_at: NOW + MONTH_SECONDS },
      computed: { recurring: { amount_total: 6_000, interval: 'month' }, upfront: { amount_total: 11_000 } },
    });

    const open = await stripe.quotes.finalizeQuote(draft.id);
    const accepted = await stripe.quotes.accept(draft.id, { expand: ['subscription', 'invoice', 'line_items'] });

    expect(open).toMatchObject({ status: 'open', number: expect.stringMatching(/^QT-/) });
    expect(accepted).toMatchObject({
      status: 'accepted',
      status_transitions: { accepted_at: NOW, canceled_at: null, finalized_at: NOW },
      subscription: { status: 'active', metadata: { deal: 'big' }, items: { data: [{ quantity: 2 }] } },
      invoice: { amount_paid: 11_000, billing_reason: 'subscription_create' },
      line_items: { data: [{ amount_total: 6_000 }, { amount_total: 5_000 }] },
    });
    expect(told(draft.id)).toEqual(['quote.created', 'quote.finalized', 'quote.accepted']);
    expect(await stripe.quotes.retrieve(draft.id)).toMatchObject({ status: 'accepted' });
  });

  it('drafts an invoice when nothing in it recurs', async () => {
    const customer = await payingCustomer(stripe);
    const setup = await oneOffPrice(5_000);
    const rate = await stripe.taxRates.create({ display_name: 'VAT', percentage: 20, inclusive: false });
    const { id } = await stripe.quotes.create({
      customer: customer.id,
      line_items: [{ price: setup.id, quantity: 2 }],
      default_tax_rates: [rate.id],
      collection_method: 'send_invoice',
      invoice_settings: { days_until_due: 14 },
    });
    await stripe.quotes.finalizeQuote(id);

    const { invoice, subscription } = await stripe.quotes.accept(id, { expand: ['invoice'] });

    expect(subscription).toBeNull();
    expect(invoice).toMatchObject({
      ...{ status: 'draft', subtotal: 10_000, total: 12_000, due_date: NOW + 14 * 86_400 },
      parent: { type: 'quote_details', quote_details: { quote: id } },
      lines: { data: [{ amount: 10_000, quantity: 2, description: 'Setup' }] },
    });
  });

  it('changes while it is a draft, silently, and shows its items anew', async () => {
    const [small, large] = [await oneOffPrice(1_000), await oneOffPrice(4_000)];
    const { id } = await stripe.quotes.create({ line_items: [{ price: small.id }], metadata: { a: '1' } });

    const changed = await stripe.quotes.update(id, { line_items: [{ price: large.id }], metadata: { b: '2' } });

    expect(changed).toMatchObject({ amount_total: 4_000, customer: null, metadata: { a: '1', b: '2' } });
    expect((await stripe.quotes.listLineItems(id)).data).toMatchObject([{ price: { id: large.id } }]);
    expect(told(id)).toEqual(['quote.created']);
    await expect(stripe.quotes.finalizeQuote(id)).rejects.toMatchObject({ param: 'customer' });
  });

  it('is canceled, and refuses what its state does not allow', async () => {
    const customer = await payingCustomer(stripe);
    const setup = await oneOffPrice(1_000);
    const { id } = await stripe.quotes.create({ customer: customer.id, line_items: [{ price: setup.id }] });
    await expect(stripe.quotes.accept(id)).rejects.toThrow(/while it is draft/);

    const canceled = await stripe.quotes.cancel(id);

    expect(canceled).toMatchObject({ status: 'canceled', status_transitions: { canceled_at: NOW } });
    expect(told(id)).toEqual(['quote.created', 'quote.canceled']);
    await expect(stripe.quotes.finalizeQuote(id)).rejects.toThrow(/while it is canceled/);
    await expect(stripe.quotes.update(id, { description: 'late' })).rejects.toThrow(/while it is canceled/);
  });

  it('cannot be accepted after its end', async () => {
    const customer = await payingCustomer(stripe);
    const setup = await oneOffPrice(1_000);
    const { id } = await stripe.quotes.create({ customer: customer.id, line_items: [{ price: setup.id }] });
    await stripe.quotes.finalizeQuote(id, { expires_at: NOW + 60 });

    await sandbox.advance(60);

    await expect(stripe.quotes.accept(id)).rejects.toThrow(/has expired/);
  });
});
