import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BillingCalls, type ObjectView } from '../support/billing-calls.js';
import { randomId } from '../support/stripe-events.js';
import { startTestService, type TestService } from '../support/test-service.js';

let service: TestService;
let calls: BillingCalls;
beforeAll(async () => {
  service = await startTestService();
  calls = new BillingCalls(service);
});
afterAll(() => service.stop());

describe('what a customer has', () => {
  it('subscribes, with its first invoice in the mirror at once', async () => {
    const id = await calls.payer();
    const { price: of, product } = await calls.price();

    const made = await calls.post(`customers/${id}/subscribe`, { items: [{ price: of, quantity: 2 }] });

    expect(made).toMatchObject({
      status: 201,
      body: { object: 'subscription', data: { customer: id, status: 'active' } },
    });
    const invoice = String(made.body.data.latest_invoice);
    expect((await calls.get(`invoices/${invoice}`)).body.data).toMatchObject({
      customer: id,
      status: 'paid',
      amount_paid: 4_000,
    });
    const valid = (query = '') => calls.get(`customers/${id}/valid-subscriptions${query}`);
    expect((await valid()).body).toMatchObject({
      active: true,
      data: [{ subscription: { id: made.body.id }, validity: { valid: true } }],
    });
    expect((await valid(`?product=${product}`)).body).toMatchObject({ active: true });
    expect((await valid('?product=prod_other')).body).toEqual({ active: false, data: [] });
    expect(await calls.post(`customers/${id}/subscribe`, { items: [{ price: 'price_nobody' }] })).toMatchObject({
      status: 422,
      body: { error: { code: 'stripe_resource_missing' } },
    });
  });

  it('takes a payment method, makes it the default, and gives it back', async () => {
    const id = await calls.customer();
    const [first, second] = [await calls.card(), await calls.card()];

    const added = await calls.post(`customers/${id}/payment-methods`, { paymentMethod: first, default: true });
    expect(added.body.data).toMatchObject({ customer: id });
    const defaultOf = async () =>
      ((await calls.get(`customers/${id}`)).body.data.invoice_settings as { default_payment_method: string | null })
        .default_payment_method;
    expect(await defaultOf()).toBe(first);
    await calls.post(`customers/${id}/payment-methods`, { paymentMethod: second });
    await service.http('PUT', `/v1/billing/customers/${id}/default-payment-method`, { paymentMethod: second });
    expect(await defaultOf()).toBe(second);
    const gone = await service.http<ObjectView>('DELETE', `/v1/billing/customers/${id}/payment-methods/${second}`);
    expect(gone.body.data.customer).toBeNull();
    expect(await defaultOf()).toBeNull();
    expect(
      await service.http('DELETE', `/v1/billing/customers/${await calls.customer()}/payment-methods/${first}`),
    ).toMatchObject({ status: 422, body: { error: { code: 'payment_method_not_attached' } } });
  });

  it('makes the payment method the default under the id that Stripe gave it', async () => {
    const id = await calls.customer();

    const added = await calls.post(`customers/${id}/payment-methods`, { paymentMethod: 'pm_card_visa', default: true });

    expect(added).toMatchObject({ status: 200, body: { data: { customer: id } } });
    expect((await calls.get(`customers/${id}`)).body.data).toMatchObject({
      invoice_settings: { default_payment_method: added.body.id },
    });
  });

  it('previews its next invoice, and keeps nothing of it', async () => {
    const id = await calls.payer();
    const made = await calls.post(`customers/${id}/subscribe`, { items: [{ price: (await calls.price()).price }] });

    const upcoming = await calls.post<{ amountDueMinor: number; data: { id: string } }>(
      `customers/${id}/upcoming-invoice`,
      {
        subscription: made.body.id,
      },
    );

    expect(upcoming).toMatchObject({ status: 200, body: { customer: id, currency: 'usd', amountDueMinor: 2_000 } });
    expect((await calls.get(`invoices/${String(upcoming.body.data.id)}`)).status).toBe(404);
  });

  it('puts a discount on its subscription, by coupon or by the code that people type', async () => {
    const id = await calls.payer();
    const coupon = (await calls.post('coupons', { params: { percent_off: 25, duration: 'forever' } })).body.id;
    const code = randomId('CODE').replace('_', '');
    await calls.post('promotion_codes', { params: { promotion: { type: 'coupon', coupon }, code } });

    expect(await calls.post(`customers/${id}/discount`, { coupon })).toMatchObject({
      status: 422,
      body: { error: { code: 'subscription_needed', field: 'subscription' } },
    });
    const { body: made } = await calls.post(`customers/${id}/subscribe`, {
      items: [{ price: (await calls.price()).price }],
    });
    const once = await calls.post(`customers/${id}/discount`, { coupon });
    const twice = await calls.post(`customers/${id}/discount`, { promotionCode: code.toLowerCase() });

    expect(once.body).toMatchObject({ id: made.id });
    expect(twice.body.data.discounts).toHaveLength(2);
    expect((await calls.get<{ data: ObjectView[] }>(`discounts?subscription=${made.id}`)).body.data).toHaveLength(2);
    expect(await calls.post(`customers/${id}/discount`, { promotionCode: 'NOSUCHCODE' })).toMatchObject({
      status: 404,
      body: { error: { code: 'promotion_code_not_found', field: 'promotionCode' } },
    });
    expect(await calls.post(`customers/${id}/discount`, {})).toMatchObject({ status: 400 });
  });

  it('moves the balance once per key, and shows what moved it', async () => {
    const id = await calls.customer({ email: 'balance@example.com' });
    const headers = { 'idempotency-key': randomId('key') };
    const move = { creditMinor: 1_500, currency: 'usd', description: 'Sorry' };

    const first = await calls.post(`customers/${id}/balance-adjustments`, move, headers);
    await service.db.query('DELETE FROM tributary.idempotency_key');
    const second = await calls.post(`customers/${id}/balance-adjustments`, move, headers);

    expect(first).toMatchObject({ status: 201, body: { data: { amount: -1_500, customer: id } } });
    expect(second.body.id).toBe(first.body.id);
    for (const query of ['', '?fresh=true'])
      expect((await calls.get(`customers/${id}/balance${query}`)).body).toMatchObject({
        customer: id,
        balances: [{ currency: 'usd', creditMinor: 1_500 }],
        transactions: [{ id: first.body.id }],
        creditGrants: [],
      });
    expect(await calls.post(`customers/${id}/balance-adjustments`, move)).toMatchObject({
      status: 400,
      body: { error: { code: 'idempotency_key_required' } },
    });
    expect(
      await calls.post(
        `customers/${id}/balance-adjustments`,
        { ...move, creditMinor: 0 },
        { 'idempotency-key': randomId('k') },
      ),
    ).toMatchObject({ status: 400, body: { error: { field: 'creditMinor' } } });
  });
});

describe('the same over gRPC', () => {
  it('does all of it', async () => {
    const call = <T = Record<string, unknown>>(method: string, request: object, headers?: Record<string, string>) =>
      service.grpc.call<T>('Customers', method, request, { headers });
    const ref = randomId('grpc');
    const got = await call<{ created: boolean; customer: ObjectView }>('GetOrCreateCustomer', {
      ref,
      params: '{"name":"G"}',
    });
    const id = String(got.message?.customer.id);
    expect(got.message).toMatchObject({ created: true });
    expect((await call('GetCustomersByRef', { ref })).message).toMatchObject({ customers: [{ customer: { id } }] });
    expect((await call('LinkCustomer', { id, ref, primary: true })).message).toMatchObject({ primary: true });
    const method = await calls.card();
    expect((await call('AddPaymentMethod', { id, paymentMethod: method })).message).toMatchObject({ id: method });
    expect((await call('SetDefaultPaymentMethod', { id, paymentMethod: method })).message).toMatchObject({ id });
    const of = await calls.price();
    const made = await call<ObjectView>('Subscribe', { id, items: [{ price: of.price, quantity: 1 }] });
    expect(made.message).toMatchObject({ object: 'subscription' });
    expect((await call('ListValidSubscriptions', { id, product: of.product })).message).toMatchObject({
      active: true,
      data: [{ validity: { valid: true, reason: 'active' } }],
    });
    expect((await call('PreviewUpcomingInvoice', { id, subscription: made.message?.id })).message).toMatchObject({
      amountDueMinor: 2_000,
    });
    const coupon = (await calls.post('coupons', { params: { percent_off: 10, duration: 'once' } })).body.id;
    expect((await call('AddDiscount', { id, coupon })).message).toMatchObject({ id: made.message?.id });
    expect(
      (await call('AdjustBalance', { id, creditMinor: 5, currency: 'usd' }, { 'idempotency-key': randomId('k') })).code,
    ).toBe(0);
    expect((await call('GetBalance', { id })).message).toMatchObject({ balances: [{ creditMinor: 5 }] });
    expect((await call('RemovePaymentMethod', { id, paymentMethod: method })).message).toMatchObject({ id: method });
    expect((await call('UnlinkCustomer', { id })).message).toMatchObject({ ref });
    expect((await call('PurgeCustomer', { id })).message).toMatchObject({ customer: { id, deleted: true } });
    expect((await call('RemoveDiscount', { id })).body).toMatchObject({ error: { code: 'customer_deleted' } });
  });
});
