import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { KEPT_METADATA } from '../../src/billing/mirror/erasure-rules.js';
import { CLICK_METADATA_KEY, CODE_METADATA_KEYS } from '../../src/referrals/evidence.repository.js';
import { deliverAll, drain, randomId, stripeEvent } from '../support/stripe-events.js';
import { startTestService, type TestService } from '../support/test-service.js';

interface View {
  id: string;
  deleted: boolean;
  data: Record<string, unknown> & { id: string };
}

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.stop());

const post = <T = View>(path: string, body?: object, headers?: Record<string, string>) =>
  service.http<T>('POST', `/v1/billing/${path}`, body, headers);
const get = <T = View>(path: string) => service.http<T>('GET', `/v1/billing/${path}`);

async function customer(params: object = {}): Promise<string> {
  return (await post('customers', { params })).body.id;
}

async function card(): Promise<string> {
  return (await post('payment_methods', { params: { type: 'card', card: { token: 'tok_visa' } } })).body.id;
}

async function payer(params: object = {}): Promise<string> {
  const id = await customer(params);
  await post(`customers/${id}/payment-methods`, { paymentMethod: await card(), default: true });
  return id;
}

async function price(product?: string): Promise<{ price: string; product: string }> {
  const of = product ?? (await post('products', { params: { name: randomId('product') } })).body.id;
  const made = await post('prices', {
    params: { product: of, currency: 'usd', unit_amount: 2_000, recurring: { interval: 'month' } },
  });
  return { price: made.body.id, product: of };
}

interface Got {
  ref: string;
  primary: boolean;
  created: boolean;
  customer: View;
}

describe('a customer by the company’s own id', () => {
  const put = (ref: string, body: object = {}) =>
    service.http<Got>('PUT', `/v1/billing/customers/by-ref/${encodeURIComponent(ref)}`, body);

  it('is made once, and found from then on', async () => {
    const ref = randomId('user');

    const first = await put(ref, { params: { email: 'once@example.com', metadata: { plan: 'gold' } } });
    const second = await put(ref, { params: { email: 'other@example.com' } });

    expect(first).toMatchObject({
      status: 200,
      body: {
        ref,
        primary: true,
        created: true,
        customer: { data: { email: 'once@example.com', metadata: { plan: 'gold', tributary_ref: ref } } },
      },
    });
    expect(second.body).toMatchObject({ created: false, customer: { id: first.body.customer.id } });
    expect((await get<{ customers: unknown[] }>(`customers/by-ref/${ref}`)).body.customers).toHaveLength(1);
    expect(await service.db.query('SELECT 1 FROM tributary.customer_intent WHERE ref = $1', [ref])).toEqual([]);
  });

  it('is one customer when many ask at the same time', async () => {
    const ref = randomId('user');

    const all = await Promise.all(Array.from({ length: 8 }, () => put(ref, { params: { name: 'Twin' } })));

    expect(all.map(({ status }) => status)).toEqual(all.map(() => 200));
    expect(new Set(all.map(({ body }) => body.customer.id)).size).toBe(1);
    const rows = await service.db.query(
      `SELECT 1 FROM stripe.customers WHERE data->'metadata'->>'tributary_ref' = $1`,
      [ref],
    );
    expect(rows).toHaveLength(1);
  });

  it('goes on where a request was cut off between Stripe’s answer and ours', async () => {
    const ref = randomId('user');
    const intent = randomId('intent');
    await service.db.query(
      `INSERT INTO tributary.customer_intent (workspace_id, account, ref, id, params) VALUES ($1, '', $2, $3, $4)`,
      [service.workspaceId, ref, intent, { name: 'Cut off' }],
    );
    const first = await put(ref);
    await service.db.query('DELETE FROM tributary.customer_ref WHERE ref = $1', [ref]);
    await service.db.query(
      `INSERT INTO tributary.customer_intent (workspace_id, account, ref, id, params) VALUES ($1, '', $2, $3, $4)`,
      [service.workspaceId, ref, intent, { name: 'Cut off' }],
    );

    const again = await put(ref, { params: { name: 'Another' } });

    expect(again.body.customer.id).toBe(first.body.customer.id);
    expect(again.body.customer.data.name).toBe('Cut off');
  });

  it('finds by what is written on it what Stripe’s memory of keys no longer tells', async () => {
    const ref = randomId('user');
    const made = await customer({ metadata: { tributary_ref: ref } });
    await service.db.query(
      `INSERT INTO tributary.customer_intent (workspace_id, account, ref, id, params, created_at)
       VALUES ($1, '', $2, $3, '{}', now() - interval '2 days')`,
      [service.workspaceId, ref, randomId('intent')],
    );

    expect((await put(ref)).body.customer.id).toBe(made);
  });

  it('is made anew after Stripe deleted the primary one', async () => {
    const ref = randomId('user');
    const first = (await put(ref)).body.customer.id;
    await service.http('DELETE', `/v1/billing/customers/${first}`);

    const second = await put(ref);

    expect(second.body).toMatchObject({ created: true, primary: true });
    expect(second.body.customer.id).not.toBe(first);
    expect((await get<{ customers: Got[] }>(`customers/by-ref/${ref}`)).body.customers).toMatchObject([
      { primary: true, customer: { id: second.body.customer.id } },
      { primary: false, customer: { id: first, deleted: true } },
    ]);
  });

  it('has several customers, of which one is primary', async () => {
    const ref = randomId('user');
    const [a, b] = [await customer(), await customer()];
    const link = (id: string, body: object) => service.http('PUT', `/v1/billing/customers/${id}/ref`, body);

    expect((await link(a, { ref })).body).toMatchObject({ primary: true });
    expect((await link(b, { ref })).body).toMatchObject({ primary: false });
    expect((await link(b, { ref, primary: true })).body).toMatchObject({ primary: true });
    expect((await put(ref)).body).toMatchObject({ created: false, customer: { id: b } });
    expect(await link(a, { ref: randomId('other') })).toMatchObject({
      status: 409,
      body: { error: { code: 'customer_linked' } },
    });
    const left = await service.http('DELETE', `/v1/billing/customers/${b}/ref`);
    expect(left.body).toMatchObject({ customers: [{ primary: true, customer: { id: a } }] });
    expect(await get(`customers/by-ref/${randomId('nobody')}`)).toMatchObject({
      status: 404,
      body: { error: { code: 'customer_ref_not_found' } },
    });
  });

  it('says what Stripe refused, and takes better parameters the next time', async () => {
    const ref = randomId('user');

    expect(await put(ref, { params: { nickname: 'x' } })).toMatchObject({
      status: 422,
      body: { error: { code: 'stripe_parameter_unknown', field: 'nickname' } },
    });
    expect(await put(ref, { params: { name: 'x' } })).toMatchObject({ status: 200, body: { created: true } });
  });
});

describe('what a customer has', () => {
  it('subscribes, with its first invoice in the mirror at once', async () => {
    const id = await payer();
    const { price: of, product } = await price();

    const made = await post(`customers/${id}/subscribe`, { items: [{ price: of, quantity: 2 }] });

    expect(made).toMatchObject({
      status: 201,
      body: { object: 'subscription', data: { customer: id, status: 'active' } },
    });
    const invoice = String(made.body.data.latest_invoice);
    expect((await get(`invoices/${invoice}`)).body.data).toMatchObject({
      customer: id,
      status: 'paid',
      amount_paid: 4_000,
    });
    const valid = (query = '') => get(`customers/${id}/valid-subscriptions${query}`);
    expect((await valid()).body).toMatchObject({
      active: true,
      data: [{ subscription: { id: made.body.id }, validity: { valid: true } }],
    });
    expect((await valid(`?product=${product}`)).body).toMatchObject({ active: true });
    expect((await valid('?product=prod_other')).body).toEqual({ active: false, data: [] });
    expect(await post(`customers/${id}/subscribe`, { items: [{ price: 'price_nobody' }] })).toMatchObject({
      status: 422,
      body: { error: { code: 'stripe_resource_missing' } },
    });
  });

  it('takes a payment method, makes it the default, and gives it back', async () => {
    const id = await customer();
    const [first, second] = [await card(), await card()];

    const added = await post(`customers/${id}/payment-methods`, { paymentMethod: first, default: true });
    expect(added.body.data).toMatchObject({ customer: id });
    const defaultOf = async () =>
      ((await get(`customers/${id}`)).body.data.invoice_settings as { default_payment_method: string | null })
        .default_payment_method;
    expect(await defaultOf()).toBe(first);
    await post(`customers/${id}/payment-methods`, { paymentMethod: second });
    await service.http('PUT', `/v1/billing/customers/${id}/default-payment-method`, { paymentMethod: second });
    expect(await defaultOf()).toBe(second);
    const gone = await service.http<View>('DELETE', `/v1/billing/customers/${id}/payment-methods/${second}`);
    expect(gone.body.data.customer).toBeNull();
    expect(await defaultOf()).toBeNull();
    expect(
      await service.http('DELETE', `/v1/billing/customers/${await customer()}/payment-methods/${first}`),
    ).toMatchObject({ status: 422, body: { error: { code: 'payment_method_not_attached' } } });
  });

  it('previews its next invoice, and keeps nothing of it', async () => {
    const id = await payer();
    const made = await post(`customers/${id}/subscribe`, { items: [{ price: (await price()).price }] });

    const upcoming = await post<{ amountDueMinor: number; data: { id: string } }>(`customers/${id}/upcoming-invoice`, {
      subscription: made.body.id,
    });

    expect(upcoming).toMatchObject({ status: 200, body: { customer: id, currency: 'usd', amountDueMinor: 2_000 } });
    expect((await get(`invoices/${String(upcoming.body.data.id)}`)).status).toBe(404);
  });

  it('puts a discount on its subscription, by coupon or by the code that people type', async () => {
    const id = await payer();
    const coupon = (await post('coupons', { params: { percent_off: 25, duration: 'forever' } })).body.id;
    const code = randomId('CODE').replace('_', '');
    await post('promotion_codes', { params: { promotion: { type: 'coupon', coupon }, code } });

    expect(await post(`customers/${id}/discount`, { coupon })).toMatchObject({
      status: 422,
      body: { error: { code: 'subscription_needed', field: 'subscription' } },
    });
    const { body: made } = await post(`customers/${id}/subscribe`, { items: [{ price: (await price()).price }] });
    const once = await post(`customers/${id}/discount`, { coupon });
    const twice = await post(`customers/${id}/discount`, { promotionCode: code });

    expect(once.body).toMatchObject({ id: made.id });
    expect(twice.body.data.discounts).toHaveLength(2);
    expect((await get<{ data: View[] }>(`discounts?subscription=${made.id}`)).body.data).toHaveLength(2);
    expect(await post(`customers/${id}/discount`, { promotionCode: 'NOSUCHCODE' })).toMatchObject({
      status: 404,
      body: { error: { code: 'promotion_code_not_found', field: 'promotionCode' } },
    });
    expect(await post(`customers/${id}/discount`, {})).toMatchObject({ status: 400 });
  });

  it('moves the balance once per key, and shows what moved it', async () => {
    const id = await customer({ email: 'balance@example.com' });
    const headers = { 'idempotency-key': randomId('key') };
    const move = { creditMinor: 1_500, currency: 'usd', description: 'Sorry' };

    const first = await post(`customers/${id}/balance-adjustments`, move, headers);
    await service.db.query('DELETE FROM tributary.idempotency_key');
    const second = await post(`customers/${id}/balance-adjustments`, move, headers);

    expect(first).toMatchObject({ status: 201, body: { data: { amount: -1_500, customer: id } } });
    expect(second.body.id).toBe(first.body.id);
    for (const query of ['', '?fresh=true'])
      expect((await get(`customers/${id}/balance${query}`)).body).toMatchObject({
        customer: id,
        balances: [{ currency: 'usd', creditMinor: 1_500 }],
        transactions: [{ id: first.body.id }],
        creditGrants: [],
      });
    expect(await post(`customers/${id}/balance-adjustments`, move)).toMatchObject({
      status: 400,
      body: { error: { code: 'idempotency_key_required' } },
    });
    expect(
      await post(
        `customers/${id}/balance-adjustments`,
        { ...move, creditMinor: 0 },
        { 'idempotency-key': randomId('k') },
      ),
    ).toMatchObject({ status: 400, body: { error: { field: 'creditMinor' } } });
  });
});

describe('a purge', () => {
  const person = {
    name: 'Grace Hopper',
    email: 'grace@navy.example',
    phone: '+15550100',
    address: { line1: '1 Harbour Road', city: 'Arlington', country: 'US' },
    metadata: { nickname: 'Amazing Grace', tributary_click: 'click_1' },
  };
  const TRACES = /Grace|navy\.example|5550100|Harbour|Arlington/;

  it('takes the person out of the copy, keeps the figures, and stays done whatever comes late', async () => {
    const id = await payer(person);
    const { body: made } = await post(`customers/${id}/subscribe`, { items: [{ price: (await price()).price }] });
    await post('tax_ids', { params: { customer: id, type: 'eu_vat', value: 'DE123456789' } });
    const before = await get(`customers/${id}`);
    const old = stripeEvent('customer.updated', before.body.data, { previous: { name: 'Grace M. Hopper' } });
    await deliverAll(service, [old]);
    await drain(service, ['inbox']);

    const purged = await post<{ customer: View; erased: { rows: number; events: number } }>(
      `customers/${id}/purge`,
      {},
    );

    expect(purged.status).toBe(200);
    expect(purged.body.customer).toMatchObject({
      id,
      deleted: true,
      data: { id, name: null, email: null, phone: null, metadata: { nickname: '', tributary_click: 'click_1' } },
    });
    expect(purged.body.erased.rows).toBeGreaterThan(2);
    expect(purged.body.erased.events).toBeGreaterThan(0);
    expect(await tracesOf(id)).toEqual([]);
    expect((await get(`invoices/${String(made.data.latest_invoice)}`)).body.data).toMatchObject({ amount_paid: 2_000 });

    // A late event of an old state, one of a payment method that deleting the customer detached, and a replay.
    const method = (await get<{ data: View[] }>(`charges?customer=${id}`)).body.data[0]?.data.payment_method as string;
    const detached = {
      id: method,
      object: 'payment_method',
      type: 'card',
      customer: null,
      card: { last4: '4242' },
      billing_details: person,
    };
    await deliverAll(service, [
      stripeEvent(
        'customer.updated',
        { ...before.body.data, name: 'Grace again' },
        { created: Math.floor(Date.now() / 1_000) + 5 },
      ),
      stripeEvent('payment_method.detached', detached, { created: Math.floor(Date.now() / 1_000) + 5 }),
    ]);
    await service.http('POST', `/v1/webhook-events/${old.id}/replay`);
    await drain(service, ['inbox']);
    expect(await rowTraces()).toEqual([]);
    await drain(service, ['customer-erasure']);

    expect(await tracesOf(id)).toEqual([]);
    expect((await post<{ erased: unknown }>(`customers/${id}/purge`, {})).body.erased).toEqual({ rows: 0, events: 0 });
  });

  it('refuses whom nobody knows, and lets the person come back under the same ref', async () => {
    expect(await post('customers/cus_nobody/purge', {})).toMatchObject({
      status: 404,
      body: { error: { code: 'object_not_found' } },
    });
    const ref = randomId('user');
    const put = () => service.http<Got>('PUT', `/v1/billing/customers/by-ref/${ref}`, {});
    const first = (await put()).body.customer.id;
    await post(`customers/${first}/purge`, {});

    const second = (await put()).body;

    expect(second).toMatchObject({ created: true });
    expect(second.customer.id).not.toBe(first);
  });

  it('keeps the metadata that attributes a sale', () => {
    expect([...KEPT_METADATA].sort()).toEqual([CLICK_METADATA_KEY, ...CODE_METADATA_KEYS].sort());
  });

  async function rowTraces(): Promise<string[]> {
    const found: string[] = [];
    for (const { table_name: table } of await service.db.query<Array<{ table_name: string }>>(
      `SELECT table_name FROM information_schema.tables WHERE table_schema = 'stripe' AND table_type = 'BASE TABLE'`,
    )) {
      const rows = await service.db.query<Array<{ text: string }>>(`SELECT data::text AS text FROM stripe.${table}`);
      if (rows.some(({ text }) => TRACES.test(text))) found.push(table);
    }
    return found;
  }

  async function tracesOf(id: string): Promise<string[]> {
    const found = await rowTraces();
    for (const table of ['webhook_event', 'idempotency_key', 'customer_intent', 'customer_ref']) {
      const rows = await service.db.query<Array<{ text: string }>>(`SELECT t::text AS text FROM tributary.${table} t`);
      if (rows.some(({ text }) => TRACES.test(text))) found.push(`${table} of ${id}`);
    }
    return found;
  }
});

describe('the same over gRPC', () => {
  it('does all of it', async () => {
    const call = <T = Record<string, unknown>>(method: string, request: object, headers?: Record<string, string>) =>
      service.grpc.call<T>('Customers', method, request, { headers });
    const ref = randomId('grpc');
    const got = await call<{ created: boolean; customer: View }>('GetOrCreateCustomer', {
      ref,
      params: '{"name":"G"}',
    });
    const id = String(got.message?.customer.id);
    expect(got.message).toMatchObject({ created: true });
    expect((await call('GetCustomersByRef', { ref })).message).toMatchObject({ customers: [{ customer: { id } }] });
    expect((await call('LinkCustomer', { id, ref, primary: true })).message).toMatchObject({ primary: true });
    const method = await card();
    expect((await call('AddPaymentMethod', { id, paymentMethod: method })).message).toMatchObject({ id: method });
    expect((await call('SetDefaultPaymentMethod', { id, paymentMethod: method })).message).toMatchObject({ id });
    const of = await price();
    const made = await call<View>('Subscribe', { id, items: [{ price: of.price, quantity: 1 }] });
    expect(made.message).toMatchObject({ object: 'subscription' });
    expect((await call('ListValidSubscriptions', { id, product: of.product })).message).toMatchObject({
      active: true,
      data: [{ validity: { valid: true, reason: 'active' } }],
    });
    expect((await call('PreviewUpcomingInvoice', { id, subscription: made.message?.id })).message).toMatchObject({
      amountDueMinor: 2_000,
    });
    const coupon = (await post('coupons', { params: { percent_off: 10, duration: 'once' } })).body.id;
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
