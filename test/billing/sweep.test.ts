import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { StripeSandbox } from '../../sandbox/stripe-sandbox.js';
import type { PollingWorker } from '../../src/common/background-worker.js';
import { drain, drainWithRefetches, type StripeObject } from '../support/stripe-events.js';
import { startTestService, type TestService } from '../support/test-service.js';

const ENV = { STRIPE_REQUESTS_PER_SECOND: '2000', TRIBUTARY_SWEEP_PER_HOUR: '360000' };

let service: TestService;
let sandbox: StripeSandbox;
beforeAll(async () => {
  service = await startTestService({ sandbox: true, env: ENV });
  sandbox = service.sandbox as unknown as StripeSandbox;
});
afterAll(() => service?.stop());

async function stripe(method: string, path: string, params: Record<string, string> = {}): Promise<StripeObject> {
  const headers = { authorization: 'Bearer sk_test_sweep', 'content-type': 'application/x-www-form-urlencoded' };
  const body = method === 'POST' ? new URLSearchParams(params).toString() : undefined;
  const answer = await fetch(sandbox.url + path, { method, headers, body });
  const object = (await answer.json()) as StripeObject;
  if (!answer.ok) throw new Error(`${method} ${path}: ${JSON.stringify(object)}`);
  return object;
}

const sweeper = () => service.workers.get('sweep') as PollingWorker;

/** Sweeps these types now, and no others. */
async function sweep(...tables: string[]): Promise<void> {
  await sweeper().runOnce();
  await service.db.query(
    `UPDATE tributary.sweep SET due_at = CASE WHEN object_table = ANY($1) THEN now() ELSE now() + interval '1 day' END`,
    [tables],
  );
  await sweeper().drain();
  await drainWithRefetches(service);
}

async function rowOf(table: string, id: string) {
  const [row] = await service.db.query<Array<{ data: Record<string, unknown>; gone: boolean }>>(
    `SELECT data, deleted_at IS NOT NULL AS gone FROM stripe.${table} WHERE id = $1`,
    [id],
  );
  return row;
}

async function told(): Promise<void> {
  await sandbox.idle();
  await drain(service);
}

describe('the sweep', () => {
  it('repairs missed changes, missed deletions, missed creations and fields that change without an event', async () => {
    const [changed, gone, silent] = [
      await stripe('POST', '/v1/customers', { name: 'one' }),
      await stripe('POST', '/v1/customers', { name: 'two' }),
      await stripe('POST', '/v1/customers', { name: 'three' }),
    ];
    await told();
    sandbox.deliveries.misbehave({ dropRate: 1 });
    await stripe('POST', `/v1/customers/${changed.id}`, { name: 'changed' });
    await stripe('DELETE', `/v1/customers/${gone.id}`);
    const missed = await stripe('POST', '/v1/customers', { name: 'missed' });
    sandbox.putObject({ ...silent, object: 'customer', delinquent: true });
    sandbox.deliveries.misbehave();
    await sandbox.advance(60);

    await sweep('customers');

    expect((await rowOf('customers', changed.id))?.data.name).toBe('changed');
    expect(await rowOf('customers', gone.id)).toMatchObject({ gone: true, data: { name: 'two' } });
    expect((await rowOf('customers', missed.id))?.data).toEqual(await stripe('GET', `/v1/customers/${missed.id}`));
    expect((await rowOf('customers', silent.id))?.data.delinquent).toBe(true);
    const [{ result }] = await service.db.query<[{ result: Record<string, unknown> }]>(
      `SELECT result FROM tributary.sweep WHERE object_table = 'customers' AND account = ''`,
    );
    expect(result).toMatchObject({ differ: 2, missing: 1, extra: 1, repaired: 4, skipped: null });
  });

  it('writes nothing the second time', async () => {
    await sandbox.advance(60);
    const before = await service.db.query(`SELECT id, synced_at FROM stripe.customers ORDER BY id`);

    await sweep('customers');

    expect(await service.db.query(`SELECT id, synced_at FROM stripe.customers ORDER BY id`)).toEqual(before);
  });

  it('buries what a customer’s lists no longer show', async () => {
    const customer = await stripe('POST', '/v1/customers', { name: 'taxed' });
    const taxId = await stripe('POST', `/v1/customers/${customer.id}/tax_ids`, {
      type: 'eu_vat',
      value: 'DE123456789',
    });
    await told();
    expect(await rowOf('tax_ids', taxId.id)).toMatchObject({ gone: false });
    sandbox.deliveries.misbehave({ dropRate: 1 });
    await stripe('DELETE', `/v1/customers/${customer.id}/tax_ids/${taxId.id}`);
    sandbox.deliveries.misbehave();
    await sandbox.advance(60);

    await sweep('customers');

    expect(await rowOf('tax_ids', taxId.id)).toMatchObject({ gone: true });
  });

  it('leaves alone what is newer here than Stripe’s answer', async () => {
    const customer = await stripe('POST', '/v1/customers', { name: 'newer' });
    await told();
    await service.db.query(
      `UPDATE stripe.customers SET source_updated_at = now() + interval '1 hour', data = data || '{"name": "from the future"}' WHERE id = $1`,
      [customer.id],
    );

    await sweep('customers');

    expect((await rowOf('customers', customer.id))?.data.name).toBe('from the future');
  });

  it('asks by id about what a list leaves out, and keeps it', async () => {
    const customer = await stripe('POST', '/v1/customers', { name: 'left out' });
    const method = await stripe('POST', '/v1/payment_methods', { type: 'card', 'card[token]': 'tok_visa' });
    await stripe('POST', `/v1/payment_methods/${method.id}/attach`, { customer: customer.id });
    await told();
    await stripe('POST', `/v1/payment_methods/${method.id}/detach`);
    await told();
    await sandbox.advance(60);

    await sweep('payment_methods');

    expect(await rowOf('payment_methods', method.id)).toMatchObject({ gone: false });
  });

  it('goes on where a list is refused, and says so', async () => {
    sandbox.faults.add({ kind: 'server_error', path: '/v1/products', times: 50 });

    await sweep('products', 'coupons');
    sandbox.faults.clear();

    const rows = await service.db.query(
      `SELECT object_table, error, finished_at IS NOT NULL AS finished FROM tributary.sweep
        WHERE object_table IN ('products', 'coupons') AND account = '' ORDER BY object_table`,
    );
    expect(rows).toEqual([
      { object_table: 'coupons', error: null, finished: true },
      { object_table: 'products', error: expect.any(String), finished: false },
    ]);
  });
});
