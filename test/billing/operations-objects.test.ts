import { status as GrpcStatus } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ObjectView } from '../support/billing-calls.js';
import { deliverAll, drain, drainWithRefetches, randomId, stripeEvent } from '../support/stripe-events.js';
import { startTestService, type TestService } from '../support/test-service.js';

let service: TestService;
/** What Stripe itself answers, past the service. */
let atStripe: (method: string, path: string, form?: string) => Promise<Record<string, unknown>>;

beforeAll(async () => {
  service = await startTestService();
  atStripe = async (method, path, body) =>
    (await (
      await fetch(`${String(service.sandbox?.url)}${path}`, {
        method,
        body,
        headers: {
          authorization: 'Bearer sk_test_objects',
          ...(body === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
        },
      })
    ).json()) as Record<string, unknown>;
});
afterAll(() => service.stop());

const faults = () => (service.sandbox as unknown as { faults: { add(fault: object): number } }).faults;

const create = (objects: string, params: object, headers: Record<string, string> = {}) =>
  service.http<ObjectView>('POST', `/v1/billing/${objects}`, { params }, headers);

describe('writing an object of any type', () => {
  it('makes it at Stripe, and the mirror has it without any webhook', async () => {
    const made = await create('products', { name: 'Gold', metadata: { plan: 'gold' } });

    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({
      object: 'product',
      account: null,
      deleted: false,
      dashboardUrl: `https://dashboard.stripe.com/test/products/${made.body.id}`,
      data: { name: 'Gold', metadata: { plan: 'gold' } },
    });
    expect((await service.http<ObjectView>('GET', `/v1/billing/products/${made.body.id}`)).body).toEqual(made.body);
    expect(await atStripe('GET', `/v1/products/${made.body.id}`)).toEqual(made.body.data);
    // No worker runs before this: whatever events came, none was applied.
    expect(await service.db.query(`SELECT 1 FROM tributary.webhook_event WHERE state = 'applied'`)).toEqual([]);
  });

  it('changes it, and empties a field that is sent as an empty text', async () => {
    const { body } = await create('customers', { name: 'Ada', email: 'ada@example.com' });

    const changed = await service.http<ObjectView>('PATCH', `/v1/billing/customers/${body.id}`, {
      params: { name: 'Ada L.', email: '' },
    });

    expect(changed).toMatchObject({ status: 200, body: { data: { name: 'Ada L.', email: null } } });
    expect((await service.http<ObjectView>('GET', `/v1/billing/customers/${body.id}`)).body.data.name).toBe('Ada L.');
  });

  it('deletes it: the row stays as a tombstone with its last state', async () => {
    const { body } = await create('coupons', { percent_off: 20, duration: 'once' });

    const gone = await service.http<ObjectView>('DELETE', `/v1/billing/coupons/${body.id}`);

    expect(gone).toMatchObject({ status: 200, body: { id: body.id, deleted: true, data: { percent_off: 20 } } });
    const listed = async (deleted: string) =>
      (await service.http<{ data: ObjectView[] }>('GET', `/v1/billing/coupons?${deleted}`)).body.data.map(
        ({ id }) => id,
      );
    expect(await listed('')).not.toContain(body.id);
    expect(await listed('deleted=true')).toContain(body.id);
    expect(await listed('deleted=any')).toContain(body.id);
  });

  it('finds the place of an object that lives below another', async () => {
    const { body: owner } = await create('customers', {});

    const made = await create('tax_ids', { customer: owner.id, type: 'eu_vat', value: 'DE123456789' });
    expect(made).toMatchObject({ status: 201, body: { object: 'tax_id', data: { customer: owner.id } } });
    const gone = await service.http<ObjectView>('DELETE', `/v1/billing/tax_ids/${made.body.id}`);
    expect(gone).toMatchObject({ status: 200, body: { deleted: true } });
    expect(await atStripe('GET', `/v1/customers/${owner.id}/tax_ids`)).toMatchObject({ data: [] });
    expect(
      await service.http('POST', '/v1/billing/customer_balance_transactions', {
        params: { amount: -5, currency: 'usd' },
      }),
    ).toMatchObject({ status: 400, body: { error: { code: 'parent_required', field: 'params.customer' } } });
  });

  it('makes one object for one key, whoever of us is asked to remember it', async () => {
    const headers = { 'idempotency-key': randomId('key') };
    const email = `${randomId('once')}@example.com`;

    const first = await create('customers', { email }, headers);
    const second = await create('customers', { email }, headers);
    // Our own memory of the answer is lost, as after a crash between Stripe's answer and ours.
    await service.db.query('DELETE FROM tributary.idempotency_key');
    await service.http('PATCH', `/v1/billing/customers/${first.body.id}`, { params: { name: 'Changed since' } });
    const third = await create('customers', { email }, headers);

    expect([second.body.id, third.body.id]).toEqual([first.body.id, first.body.id]);
    expect(second.headers.get('idempotent-replayed')).toBe('true');
    expect(third.body.data.name).toBe('Changed since');
    const listed = (await atStripe('GET', `/v1/customers?email=${email}`)) as { data: unknown[] };
    expect(listed.data).toHaveLength(1);
  });

  it.each(['reset', 'server_error'] as const)(
    'says that it may have happened when Stripe’s answer does not come (%s), and does it once under the key it names',
    async (kind) => {
      const email = `${randomId('unknown')}@example.com`;
      faults().add({ kind, committed: true, method: 'POST', path: '/v1/customers' });

      const open = await service.http<{ error: { code: string; message: string } }>('POST', '/v1/billing/customers', {
        params: { email },
      });
      const [, key = ''] = /Idempotency-Key: ([^"\s]+)/.exec(open.body.error.message) ?? [];
      const repeated = await create('customers', { email }, { 'idempotency-key': key });

      expect(open.status).toBeGreaterThanOrEqual(502);
      expect(open.body.error.message).toContain('it may have happened');
      const listed = (await atStripe('GET', `/v1/customers?email=${email}`)) as { data: Array<{ id: string }> };
      if (kind === 'reset') {
        expect(listed.data).toMatchObject([{ id: repeated.body.id }]);
        expect(repeated.status).toBe(201);
      } else {
        // Stripe remembers a failure of its own under the key, and gives the same answer again.
        expect(listed.data).toHaveLength(1);
      }
    },
  );

  it('passes Stripe’s limit on as such, and sends nothing twice', async () => {
    faults().add({ kind: 'rate_limit', method: 'POST', path: '/v1/customers', reason: 'global-rate' });

    expect(await create('customers', {})).toMatchObject({
      status: 429,
      body: { error: { code: 'stripe_rate_limit' } },
    });
  });

  it('keeps two operations apart under one key', async () => {
    const headers = { 'idempotency-key': randomId('key') };

    const person = await create('customers', { name: 'One' }, headers);
    const renamed = await service.http<ObjectView>(
      'PATCH',
      `/v1/billing/customers/${person.body.id}`,
      { params: { name: 'Two' } },
      headers,
    );

    expect(renamed).toMatchObject({ status: 200, body: { data: { name: 'Two' } } });
    expect(await create('customers', { name: 'Three' }, headers)).toMatchObject({
      status: 409,
      body: { error: { code: 'idempotency_mismatch' } },
    });
  });

  it('shows the caller its own change though an event of the same second tells of an older one', async () => {
    const { body } = await create('customers', { name: 'Before' });
    const [row] = await service.db.query<Array<{ seconds: string }>>(
      'SELECT extract(epoch FROM source_updated_at)::bigint AS seconds FROM stripe.customers WHERE id = $1',
      [body.id],
    );
    const second = Math.max(Number(row?.seconds), Math.floor(Date.now() / 1_000));
    await deliverAll(service, [stripeEvent('customer.created', body.data, { created: second })]);
    await drain(service, ['inbox']);

    const changed = await service.http<ObjectView>('PATCH', `/v1/billing/customers/${body.id}`, {
      params: { name: 'After' },
    });

    expect(changed.body.data.name).toBe('After');
    expect((await service.http<ObjectView>('GET', `/v1/billing/customers/${body.id}`)).body.data.name).toBe('After');
  });

  it('has Stripe asked once more when an older event of the same second comes after the change', async () => {
    // The clock's second must not turn between the two writes for them to share it.
    await new Promise((resolve) => setTimeout(resolve, 1_020 - (Date.now() % 1_000)));
    const { body } = await create('customers', { name: 'Before' });
    await service.http<ObjectView>('PATCH', `/v1/billing/customers/${body.id}`, { params: { name: 'After' } });
    const [row] = await service.db.query<Array<{ seconds: string }>>(
      'SELECT extract(epoch FROM source_updated_at)::bigint AS seconds FROM stripe.customers WHERE id = $1',
      [body.id],
    );
    await deliverAll(service, [stripeEvent('customer.created', body.data, { created: Number(row?.seconds) })]);
    await drain(service, ['inbox']);

    await drainWithRefetches(service);

    expect((await service.http<ObjectView>('GET', `/v1/billing/customers/${body.id}`)).body.data.name).toBe('After');
  });

  it('refuses what Stripe cannot do with the type, and says what it can', async () => {
    expect(await service.http('DELETE', '/v1/billing/charges/ch_1')).toMatchObject({
      status: 422,
      body: { error: { code: 'write_not_supported', message: expect.stringContaining('create, update') } },
    });
    expect(await create('balance_transactions', {})).toMatchObject({
      status: 422,
      body: { error: { code: 'write_not_supported', field: 'objects' } },
    });
    expect(await create('webhook_endpoints', { url: 'https://example.com', enabled_events: ['*'] })).toMatchObject({
      status: 422,
      body: { error: { message: expect.stringContaining('POST /v1/webhook-endpoints') } },
    });
    expect(await create('unicorns', {})).toMatchObject({
      status: 404,
      body: { error: { code: 'object_type_not_found' } },
    });
  });

  it('passes Stripe’s refusals on with their code, parameter and request id', async () => {
    expect(await create('prices', { currency: 'usd', unit_amount: 100 })).toMatchObject({
      status: 422,
      body: { error: { code: expect.stringMatching(/^stripe_/), message: expect.stringMatching(/request req_\w+/) } },
    });
    expect(await create('customers', { nickname: 'Ada' })).toMatchObject({
      status: 422,
      body: { error: { code: 'stripe_parameter_unknown', field: 'nickname' } },
    });
    expect(await service.http('PATCH', '/v1/billing/customers/cus_nobody', { params: { name: 'x' } })).toMatchObject({
      status: 404,
      body: { error: { code: 'stripe_resource_missing' } },
    });
  });

  it('refuses params that are no object, and fields that nobody reads', async () => {
    const refused = (answer: Promise<unknown>, field: string) =>
      expect(answer).resolves.toMatchObject({ status: 400, body: { error: { field } } });

    await refused(service.http('POST', '/v1/billing/customers', { params: ['name'] }), 'params');
    await refused(service.http('POST', '/v1/billing/customers', {}), 'params');
    await refused(service.http('POST', '/v1/billing/customers', { params: {}, name: 'Ada' }), 'name');
    await refused(create('customers', { expand: ['tax_ids'] }), 'params.expand');
    await refused(service.http('POST', '/v1/billing/customers?name=Ada', { params: {} }), 'name');
    await refused(service.http('GET', '/v1/billing/customers/cus_1?frsh=true'), 'frsh');
    await refused(service.http('POST', '/v1/billing/customers/cus_1/resync', { deep: true }), 'deep');
  });

  it('keeps a connected account’s objects apart, made in its name', async () => {
    const account = (await create('accounts', { type: 'express', country: 'DE' })).body;

    const made = await service.http<ObjectView>('POST', '/v1/billing/customers', {
      account: account.id,
      params: { name: 'Theirs' },
    });

    expect(made.body).toMatchObject({
      account: account.id,
      dashboardUrl: `https://dashboard.stripe.com/${account.id}/test/customers/${made.body.id}`,
    });
    const own = await service.http('GET', `/v1/billing/customers?account=${account.id}`);
    expect(own.body).toMatchObject({ data: [{ id: made.body.id }] });
  });
});

describe('the same over gRPC', () => {
  it('makes, changes, lists, asks again and deletes', async () => {
    const call = <T = { id: string; data: string; deleted: boolean }>(method: string, request: object) =>
      service.grpc.call<T>('Billing', method, request);
    const params = (value: object): string => JSON.stringify(value);
    const name = randomId('grpc');

    const made = await call('CreateObject', { objects: 'products', params: params({ name }) });
    const id = String(made.message?.id);
    expect(JSON.parse(String(made.message?.data))).toMatchObject({ name });
    const changed = await call('UpdateObject', { objects: 'products', id, params: params({ active: false }) });
    expect(JSON.parse(String(changed.message?.data))).toMatchObject({ name, active: false });
    const listed = await call<{ data: Array<{ id: string }> }>('ListObjects', {
      objects: 'products',
      filters: [{ name: 'active', value: 'false' }],
    });
    expect(listed.message?.data.map((product) => product.id)).toContain(id);
    expect((await call('ResyncObject', { objects: 'products', id })).message).toMatchObject({ changed: [] });
    expect((await call('DeleteObject', { objects: 'products', id })).message).toMatchObject({ id, deleted: true });

    expect(await call('CreateObject', { objects: 'products', params: '[' })).toMatchObject({
      code: GrpcStatus.INVALID_ARGUMENT,
      body: { error: { field: 'params' } },
    });
    expect(await call('DeleteObject', { objects: 'charges', id: 'ch_1' })).toMatchObject({
      code: GrpcStatus.FAILED_PRECONDITION,
      body: { error: { code: 'write_not_supported' } },
    });
  });
});
