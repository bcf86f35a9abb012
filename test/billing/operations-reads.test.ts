import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BillingCalls, type ObjectView } from '../support/billing-calls.js';
import { deliverAll, drain, randomId, stripeEvent } from '../support/stripe-events.js';
import { startTestService, type TestService } from '../support/test-service.js';
import { sandboxOf, stripe } from './backfill-world.js';

let service: TestService;
let calls: BillingCalls;
beforeAll(async () => {
  service = await startTestService();
  calls = new BillingCalls(service);
});
afterAll(() => service.stop());

describe('lists', () => {
  it('filter by every column of the type and by ranges of time', async () => {
    const mine = [1_700_000_000, 1_700_000_100, 1_700_000_200].map((created) => ({
      id: randomId('price'),
      object: 'price',
      created,
      active: created !== 1_700_000_100,
      product: 'prod_filtered',
    }));
    await deliverAll(
      service,
      mine.map((price) => stripeEvent('price.created', price)),
    );
    await drain(service, ['inbox']);
    const ids = async (query: string) =>
      (
        await service.http<{ data: ObjectView[] }>('GET', `/v1/billing/prices?product=prod_filtered&${query}`)
      ).body.data.map(({ id }) => id);

    expect(await ids('')).toEqual([mine[2]?.id, mine[1]?.id, mine[0]?.id]);
    expect(await ids('active=false')).toEqual([mine[1]?.id]);
    expect(await ids('createdGte=2023-11-14T22:15:00Z')).toEqual([mine[2]?.id, mine[1]?.id]);
    expect(await ids('createdGt=2023-11-14T22:15:00Z&createdLt=2023-11-14T22:17:00Z')).toEqual([mine[2]?.id]);
    expect(await service.http('GET', '/v1/billing/prices?active=maybe')).toMatchObject({
      status: 400,
      body: { error: { code: 'invalid_field', field: 'active' } },
    });
    expect(await service.http('GET', '/v1/billing/prices?createdGte=yesterday')).toMatchObject({
      status: 400,
      body: { error: { code: 'invalid_field', field: 'createdGte' } },
    });
  });
});

describe('one object, asked for again', () => {
  it('brings all that Stripe has of it, and tells what changed', async () => {
    const { body: owner } = await calls.post('customers', { params: { name: 'Lists' } });
    for (let n = 0; n < 12; n++)
      await stripe(sandboxOf(service), 'POST', `/v1/customers/${owner.id}/balance_transactions`, {
        amount: String(-n - 1),
        currency: 'usd',
      });
    await stripe(sandboxOf(service), 'POST', `/v1/customers/${owner.id}`, { name: 'Lists 2' });

    const first = await service.http<{ object: ObjectView; changed: Array<{ objects: string; change: string }> }>(
      'POST',
      `/v1/billing/customers/${owner.id}/resync`,
    );
    const again = await service.http('POST', `/v1/billing/customers/${owner.id}/resync`);

    expect(first.body.object.data.name).toBe('Lists 2');
    const brought = first.body.changed.filter(({ objects }) => objects === 'customer_balance_transactions');
    expect(brought).toHaveLength(12);
    expect(first.body.changed).toContainEqual({ objects: 'customers', id: owner.id, change: 'updated' });
    expect(again.body).toMatchObject({ changed: [] });
  });

  it('buries what Stripe has no more, and finds members that left without an event', async () => {
    const { body: owner } = await calls.post('customers', { params: {} });
    const tax = await calls.post('tax_ids', { params: { customer: owner.id, type: 'eu_vat', value: 'DE123456789' } });
    await stripe(sandboxOf(service), 'DELETE', `/v1/customers/${owner.id}/tax_ids/${tax.body.id}`);

    const after = await service.http('POST', `/v1/billing/customers/${owner.id}/resync`);
    expect(after.body).toMatchObject({ changed: [{ objects: 'tax_ids', id: tax.body.id, change: 'deleted' }] });

    await stripe(sandboxOf(service), 'DELETE', `/v1/customers/${owner.id}`);
    expect((await service.http('POST', `/v1/billing/customers/${owner.id}/resync`)).body).toMatchObject({
      object: { deleted: true },
    });
  });

  it('says who does not know it', async () => {
    expect(await service.http('GET', '/v1/billing/customers/cus_nobody')).toMatchObject({
      status: 404,
      body: { error: { code: 'object_not_found', message: expect.stringContaining('Stripe was not asked') } },
    });
    expect(await service.http('GET', '/v1/billing/customers/cus_nobody?fresh=true')).toMatchObject({
      status: 404,
      body: { error: { code: 'stripe_resource_missing' } },
    });
    expect(await service.http('POST', '/v1/billing/customers/cus_nobody/resync')).toMatchObject({
      status: 404,
      body: { error: { code: 'object_not_found', message: expect.stringContaining('neither Stripe nor the mirror') } },
    });
  });
});

describe('the list of types', () => {
  it('names every type, what it is filtered by and what can be written, over both faces', async () => {
    const { body } = await service.http<{ data: Array<{ objects: string }> }>('GET', '/v1/billing');
    const { message: overGrpc } = await service.grpc.call<{ data: Array<{ objects: string }> }>(
      'Billing',
      'ListObjectTypes',
      {},
    );

    expect(body.data.find(({ objects }) => objects === 'refunds')).toEqual({
      objects: 'refunds',
      object: 'refund',
      filters: ['charge', 'created', 'paymentIntent', 'status'],
      writes: ['create', 'update'],
    });
    expect(body.data.length).toBeGreaterThan(120);
    expect(overGrpc?.data.map(({ objects }) => objects)).toEqual(body.data.map(({ objects }) => objects));
  });

  it('is pointed to by whoever misspells a type, with those that sound alike', async () => {
    const { status, body } = await service.http<{ error: { message: string } }>('GET', '/v1/billing/customer');

    expect(status).toBe(404);
    expect(body.error.message).toBe(
      'the mirror has no type "customer"; did you mean customers, customer_balance_transactions, customer_cash_balance_transactions? GET /v1/billing (gRPC: ListObjectTypes) lists all',
    );
  });
});
