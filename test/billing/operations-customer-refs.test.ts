import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BillingCalls, type GotCustomer } from '../support/billing-calls.js';
import { randomId } from '../support/stripe-events.js';
import { startTestService, type TestService } from '../support/test-service.js';

let service: TestService;
let calls: BillingCalls;
beforeAll(async () => {
  service = await startTestService();
  calls = new BillingCalls(service);
});
afterAll(() => service.stop());

describe('a customer by the company’s own id', () => {
  const put = (ref: string, body: object = {}) =>
    service.http<GotCustomer>('PUT', `/v1/billing/customers/by-ref/${encodeURIComponent(ref)}`, body);

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
    expect((await calls.get<{ customers: unknown[] }>(`customers/by-ref/${ref}`)).body.customers).toHaveLength(1);
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
    const made = await calls.customer({ metadata: { tributary_ref: ref } });
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
    expect((await calls.get<{ customers: GotCustomer[] }>(`customers/by-ref/${ref}`)).body.customers).toMatchObject([
      { primary: true, customer: { id: second.body.customer.id } },
      { primary: false, customer: { id: first, deleted: true } },
    ]);
  });

  it('has several customers, of which one is primary', async () => {
    const ref = randomId('user');
    const [a, b] = [await calls.customer(), await calls.customer()];
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
    expect(await calls.get(`customers/by-ref/${randomId('nobody')}`)).toMatchObject({
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
