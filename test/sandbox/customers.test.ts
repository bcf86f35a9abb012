import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type Stripe from 'stripe';
import type { StripeSandbox } from '../../sandbox/stripe-sandbox.js';
import { monthlyPrice, payingCustomer, startSandbox } from './support.js';

describe('customers', () => {
  let sandbox: StripeSandbox;
  let stripe: Stripe;
  const told = (type: string, id: string) =>
    sandbox.events(type).filter(({ data }) => (data.object as { id: string }).id === id);

  beforeAll(async () => {
    ({ sandbox, stripe } = await startSandbox());
  });
  afterAll(() => sandbox.stop());

  it('keep a record of every change of their balance', async () => {
    const { id } = await stripe.customers.create({});
    const credit = await stripe.customers.createBalanceTransaction(id, { amount: -500, currency: 'usd' });
    await stripe.customers.update(id, { balance: -200, name: 'Jo' });
    const noted = await stripe.customers.updateBalanceTransaction(id, credit.id, {
      description: 'Sorry',
      metadata: { ticket: '7' },
    });

    const rows = await stripe.customers.listBalanceTransactions(id);
    expect(rows.data.map(({ amount, ending_balance, type }) => [amount, ending_balance, type])).toEqual([
      [300, -200, 'adjustment'],
      [-500, -500, 'adjustment'],
    ]);
    expect(noted).toMatchObject({ amount: -500, description: 'Sorry', metadata: { ticket: '7' } });
    expect(told('customer.updated', id).map(({ data }) => data.previous_attributes)).toEqual([
      { balance: 0, currency: null },
      { balance: -500, name: null },
    ]);
    await expect(stripe.customers.createBalanceTransaction(id, { amount: 1, currency: 'eur' })).rejects.toMatchObject({
      param: 'currency',
    });
    const other = await stripe.customers.create({});
    await expect(stripe.customers.retrieveBalanceTransaction(other.id, credit.id)).rejects.toMatchObject({
      code: 'resource_missing',
    });
  });

  it('have tax ids, which the register confirms', async () => {
    const { id } = await stripe.customers.create({ tax_id_data: [{ type: 'us_ein', value: '12-3456789' }] });
    const vat = await stripe.customers.createTaxId(id, { type: 'eu_vat', value: 'DE000000000' });

    expect(vat).toMatchObject({ country: 'DE', customer: id, verification: { status: 'verified' } });
    expect(told('customer.tax_id.updated', vat.id).map(({ data }) => data.previous_attributes)).toEqual([
      { verification: { status: 'pending', verified_name: null } },
    ]);
    const customer = (await stripe.customers.retrieve(id, { expand: ['tax_ids'] })) as Stripe.Customer;
    expect(customer.tax_ids?.data.map(({ type }) => type)).toEqual(['eu_vat', 'us_ein']);
    expect((await stripe.taxIds.list({ owner: { type: 'customer', customer: id } })).data).toHaveLength(2);

    expect(await stripe.customers.deleteTaxId(id, vat.id)).toEqual({ id: vat.id, object: 'tax_id', deleted: true });

    expect(told('customer.tax_id.deleted', vat.id)).toHaveLength(1);
    expect((await stripe.customers.listTaxIds(id)).data).toHaveLength(1);
    await expect(stripe.customers.createTaxId(id, { type: 'eu_vat', value: '12' })).rejects.toMatchObject({
      code: 'tax_id_invalid',
      param: 'value',
    });
  });

  it('pay with cards of the time before payment methods', async () => {
    const { id } = await stripe.customers.create({ email: 'jo@example.com' });
    const card = (await stripe.customers.createSource(id, { source: 'tok_visa' })) as Stripe.Card;
    const bank = (await stripe.customers.createSource(id, { source: 'btok_us' })) as Stripe.BankAccount;
    const source = await stripe.sources.create({ type: 'sepa_debit', currency: 'eur', owner: { email: 'jo@x.test' } });
    await stripe.customers.createSource(id, { source: source.id });

    expect(card).toMatchObject({ object: 'card', brand: 'Visa', last4: '4242', customer: id });
    expect((await stripe.customers.listSources(id)).data.map(({ object }) => object).sort()).toEqual([
      'bank_account',
      'card',
      'source',
    ]);
    const verified = await stripe.customers.verifySource(id, bank.id, { amounts: [32, 45] });
    expect(verified).toMatchObject({ status: 'verified' });
    expect((await stripe.paymentMethods.retrieve(card.id)).card).toMatchObject({ last4: '4242' });
    const price = await monthlyPrice(stripe, 1_000);
    const paid = await stripe.subscriptions.create({ customer: id, items: [{ price: price.id }] });
    expect(paid.status).toBe('active');

    await stripe.customers.deleteSource(id, card.id);

    expect(told('customer.source.deleted', card.id)).toHaveLength(1);
    expect(await stripe.customers.retrieve(id)).toMatchObject({ default_source: source.id });
    expect(await stripe.customers.deleteSource(id, source.id)).toMatchObject({ status: 'consumed' });
  });

  it('leave with their subscriptions, payment methods and sources', async () => {
    const customer = await payingCustomer(stripe);
    const price = await monthlyPrice(stripe, 1_000);
    const subscription = await stripe.subscriptions.create({ customer: customer.id, items: [{ price: price.id }] });
    const [method] = (await stripe.customers.listPaymentMethods(customer.id)).data;

    await stripe.customers.del(customer.id);

    expect(await stripe.subscriptions.retrieve(subscription.id)).toMatchObject({ status: 'canceled' });
    expect(told('payment_method.detached', method?.id ?? '')[0]?.data.previous_attributes).toEqual({
      customer: customer.id,
    });
    expect(await stripe.customers.retrieve(customer.id)).toEqual(expect.objectContaining({ deleted: true }));
    await expect(stripe.customers.update(customer.id, { name: 'x' })).rejects.toMatchObject({ statusCode: 404 });
  });

  it('save payment methods of many kinds, each with its own part', async () => {
    const { id } = await stripe.customers.create({});
    const billing_details = { email: 'jo@example.com', name: 'Jo' };
    const kinds: Stripe.PaymentMethodCreateParams[] = [
      { type: 'sepa_debit', sepa_debit: { iban: 'DE89 3704 0044 0532 0130 00' }, billing_details },
      {
        type: 'us_bank_account',
        us_bank_account: {
          account_number: '000123456789',
          routing_number: '110000000',
          account_holder_type: 'company',
        },
        billing_details,
      },
      { type: 'link', billing_details },
      { type: 'paypal', billing_details },
    ];
    for (const kind of kinds) {
      const method = await stripe.paymentMethods.create(kind);
      await stripe.paymentMethods.attach(method.id, { customer: id });
    }

    const { data } = await stripe.customers.listPaymentMethods(id);
    expect(data.map((method) => method[method.type as 'link'])).toMatchObject([
      { payer_email: 'jo@example.com' },
      { email: 'jo@example.com' },
      { last4: '6789', account_holder_type: 'company', routing_number: '110000000' },
      { last4: '3000', country: 'DE', bank_code: '37040044' },
    ]);
    const sepa = data.find(({ type }) => type === 'sepa_debit');
    const draft = await stripe.invoices.create({ customer: id, currency: 'eur' });
    await stripe.invoiceItems.create({ customer: id, invoice: draft.id, amount: 900, currency: 'eur' });
    await stripe.invoices.pay(draft.id, { payment_method: sepa?.id });
    const [charge] = (await stripe.charges.list({ customer: id })).data;
    expect(charge?.payment_method_details).toMatchObject({ type: 'sepa_debit', sepa_debit: { last4: '3000' } });
    await expect(
      stripe.paymentMethods.create({ type: 'sepa_debit', sepa_debit: { iban: 'no' } }),
    ).rejects.toMatchObject({
      param: 'sepa_debit[iban]',
    });
  });
});
