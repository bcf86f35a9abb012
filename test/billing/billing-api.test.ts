import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import Stripe from 'stripe';
import { deliverAll, drain, drainWithRefetches, randomId, stripeEvent } from '../support/stripe-events.js';
import { customer, subscription, subscriptionItem } from '../support/stripe-objects.js';
import { startTestService, type TestService } from '../support/test-service.js';

let service: TestService;
let stripe: Stripe;
beforeAll(async () => {
  service = await startTestService();
  const { hostname, port } = new URL(String(service.sandbox?.url));
  stripe = new Stripe('sk_test_billing', { host: hostname, port, protocol: 'http', telemetry: false });
});
afterAll(() => service.stop());

describe('GET /v1/billing', () => {
  it('shows an object with exactly Stripe’s data', async () => {
    const person = customer({ created: 1_780_000_000, name: 'Ada' });
    await deliverAll(service, [stripeEvent('customer.created', person, { apiVersion: '2026-10-28.endive' })]);
    await drain(service);

    const { status, body } = await service.http('GET', `/v1/billing/customers/${person.id}`);

    expect(status).toBe(200);
    expect(body).toEqual({
      id: person.id,
      object: 'customer',
      account: null,
      livemode: false,
      created: '2026-05-28T20:26:40.000Z',
      deleted: false,
      syncedAt: expect.stringMatching(/^\d{4}-.*Z$/),
      apiVersion: '2026-10-28.endive',
      dashboardUrl: `https://dashboard.stripe.com/test/customers/${person.id}`,
      data: person,
    });
  });

  it('pages newest first, without gaps or repetitions, also among equal times', async () => {
    const owner = randomId('cus');
    const all = Array.from({ length: 7 }, (_, n) =>
      subscription({ customer: owner, created: 1_780_000_000 + Math.floor(n / 3) }),
    );
    await deliverAll(
      service,
      all.map((object) => stripeEvent('customer.subscription.created', object)),
    );
    await drain(service);

    const seen: Array<{ id: string; created: string }> = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const page: { body: { data: typeof seen; nextCursor: string | null } } = await service.http(
        'GET',
        `/v1/billing/subscriptions?customer=${owner}&limit=2${cursor && `&cursor=${cursor}`}`,
      );
      seen.push(...page.body.data);
      cursor = page.body.nextCursor;
    }

    expect(seen.map(({ id }) => id).sort()).toEqual(all.map(({ id }) => id).sort());
    expect([...seen].sort((a, b) => (a.created < b.created ? 1 : -1)).map(({ created }) => created)).toEqual(
      seen.map(({ created }) => created),
    );
  });

  it('says what it does not know, and by which field', async () => {
    expect(await service.http('GET', '/v1/billing/unicorns')).toMatchObject({
      status: 404,
      body: { error: { code: 'object_type_not_found', field: 'objects' } },
    });
    expect(await service.http('GET', '/v1/billing/customers/cus_nobody')).toMatchObject({
      status: 404,
      body: { error: { code: 'object_not_found', field: 'id' } },
    });
    expect(await service.http('GET', '/v1/billing/products?subscription=sub_1')).toMatchObject({
      status: 400,
      body: { error: { code: 'unknown_filter', field: 'subscription' } },
    });
    expect(await service.http('GET', '/v1/billing/products?colour=red')).toMatchObject({
      status: 400,
      body: { error: { code: 'unknown_field', field: 'colour' } },
    });
    expect(await service.http('GET', '/v1/billing/subscription_items?unitAmountGte=cheap')).toMatchObject({
      status: 400,
      body: { error: { code: 'invalid_field', field: 'unitAmountGte' } },
    });
  });

  it('asks Stripe when fresh data is wanted, keeps the answer, and tells what Stripe does not know', async () => {
    const made = await stripe.customers.create({ name: 'Fresh' });

    const fresh = await service.http<{ data: { name: string } }>('GET', `/v1/billing/customers/${made.id}?fresh=true`);
    expect(fresh.body.data.name).toBe('Fresh');
    expect((await service.http('GET', `/v1/billing/customers/${made.id}`)).status).toBe(200);
    expect(await service.http('GET', '/v1/billing/customers/cus_unknown?fresh=true')).toMatchObject({
      status: 404,
      body: { error: { code: 'stripe_resource_missing' } },
    });
  });

  it('takes in what Stripe lists when a fresh list is wanted', async () => {
    const email = `${randomId('new')}@example.com`;
    const made = await stripe.customers.create({ email });

    const list = await service.http<{ data: Array<{ id: string }> }>(
      'GET',
      `/v1/billing/customers?fresh=true&email=${email}`,
    );

    expect(list.body.data).toMatchObject([{ id: made.id }]);
  });

  it('says over gRPC what it says over HTTP', async () => {
    const person = customer();
    const mine = subscription({ customer: person.id }, [
      subscriptionItem({
        current_period_end: Math.floor(Date.now() / 1000) + 3_600,
        price: { id: 'price_1', product: 'prod_gold' },
      }),
    ]);
    await deliverAll(service, [
      stripeEvent('customer.created', person),
      stripeEvent('customer.subscription.created', mine),
    ]);
    await drain(service);

    const overGrpc = await service.grpc.call('Billing', 'GetCustomer', { id: person.id });
    expect(JSON.parse(String(overGrpc.message?.data))).toEqual(person);
    const active = async (product?: string) =>
      (await service.grpc.call('Billing', 'HasActiveSubscription', { customer: person.id, product })).message;
    expect(await active()).toMatchObject({ active: true, subscriptionId: mine.id });
    expect(await active('prod_gold')).toMatchObject({ active: true });
    expect(await active('prod_silver')).not.toMatchObject({ active: true });
  });
});

describe('what the payloads leave out', () => {
  it('fetches the lines of an invoice beyond those that its event carries', async () => {
    const owner = await stripe.customers.create({});
    const draft = await stripe.invoices.create({ customer: owner.id });
    for (let n = 0; n < 13; n++)
      await stripe.invoiceItems.create({ customer: owner.id, invoice: draft.id, amount: 100 + n, currency: 'usd' });
    await (service.sandbox as unknown as { idle(): Promise<void> }).idle();
    await drainWithRefetches(service);

    const rows = await service.db.query(
      `SELECT id FROM stripe.invoice_line_items WHERE parent = $1 AND deleted_at IS NULL`,
      [draft.id],
    );
    expect(rows).toHaveLength(13);
  });

  it('buries an object that Stripe no longer has when it asks for it', async () => {
    const ghost = subscription({ status: 'active' });
    const twin = { ...ghost, status: 'past_due' };
    await deliverAll(service, [
      stripeEvent('customer.subscription.updated', ghost, { created: 1_780_000_000 }),
      stripeEvent('customer.subscription.updated', twin, { created: 1_780_000_000 }),
    ]);
    await drain(service, ['inbox']);
    await drainWithRefetches(service);

    expect((await service.http('GET', `/v1/billing/subscriptions/${ghost.id}`)).body).toMatchObject({
      deleted: true,
      data: { id: ghost.id, customer: ghost.customer },
    });
    expect(await service.db.query(`SELECT 1 FROM tributary.refetch WHERE object_id = $1`, [ghost.id])).toEqual([]);
  });
});
