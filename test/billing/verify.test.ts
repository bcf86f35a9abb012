import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { StripeSandbox } from '../../sandbox/stripe-sandbox.js';
import { WorkspacesService } from '../../src/access/workspaces.service.js';
import { AccountComparisons } from '../../src/billing/truth/account-comparisons.service.js';
import { VerificationsWorker } from '../../src/billing/truth/verifications.worker.js';
import type { PollingWorker } from '../../src/common/background-worker.js';
import { EXIT, UsageError, type House } from '../../src/cli/command.js';
import { VERIFY } from '../../src/cli/verify.command.js';
import type { TypeComparison } from '../../src/billing/truth/comparison-result.js';
import { OPENS_NOTHING } from '../support/command-tools.js';
import {
  deliverAll,
  drain,
  drainWithRefetches,
  randomId,
  stripeEvent,
  type StripeObject,
} from '../support/stripe-events.js';
import { startTestService, type TestService } from '../support/test-service.js';

let service: TestService;
let sandbox: StripeSandbox;
beforeAll(async () => {
  service = await startTestService({ sandbox: true, env: { STRIPE_REQUESTS_PER_SECOND: '2000' } });
  sandbox = service.sandbox as unknown as StripeSandbox;
  await business();
});
afterAll(() => service?.stop());

async function stripe(method: string, path: string, params: Record<string, string> = {}): Promise<StripeObject> {
  const headers = { authorization: 'Bearer sk_test_verify', 'content-type': 'application/x-www-form-urlencoded' };
  const body = method === 'POST' ? new URLSearchParams(params).toString() : undefined;
  const answer = await fetch(sandbox.url + path, { method, headers, body });
  const object = (await answer.json()) as StripeObject;
  if (!answer.ok) throw new Error(`${method} ${path}: ${JSON.stringify(object)}`);
  return object;
}

const bought: StripeObject[] = [];

/** Everything is told by webhooks; the lists inside long objects are asked for. */
async function business(): Promise<void> {
  const product = await stripe('POST', '/v1/products', { name: 'Plan' });
  const terms = { product: product.id, currency: 'usd', unit_amount: '1000', 'recurring[interval]': 'month' };
  const price = await stripe('POST', '/v1/prices', terms);
  for (let n = 0; n < 5; n++) {
    const buyer = await stripe('POST', '/v1/customers', { name: `buyer ${n}` });
    const method = await stripe('POST', '/v1/payment_methods', { type: 'card', 'card[token]': 'tok_visa' });
    await stripe('POST', `/v1/payment_methods/${method.id}/attach`, { customer: buyer.id });
    for (let item = 0; n === 0 && item < 14; item++)
      await stripe('POST', '/v1/invoiceitems', { customer: buyer.id, amount: '100', currency: 'usd' });
    bought.push(
      await stripe('POST', '/v1/subscriptions', {
        customer: buyer.id,
        'items[0][price]': price.id,
        default_payment_method: method.id,
      }),
    );
  }
  await sandbox.idle();
  await drainWithRefetches(service);
  await sandbox.advance(60);
  // Stripe counts a customer's invoices without an event.
  const { results } = await verify({ types: ['customers'], repair: true });
  expect(new Set(results.flatMap(({ findings }) => findings.flatMap(({ fields }) => fields)))).toEqual(
    new Set(['next_invoice_sequence']),
  );
}

const BILLED = ['customers', 'subscriptions', 'invoices', 'charges', 'payment_intents', 'products', 'prices'];

interface Verification {
  id: string;
  state: string;
  agrees: boolean | null;
  results: TypeComparison[];
  error: string | null;
}

async function verify(body: Record<string, unknown> = {}): Promise<Verification> {
  const made = await service.http<Verification>('POST', '/v1/billing/verifications', body, {
    'idempotency-key': randomId('key'),
  });
  expect(made.status).toBe(201);
  await (service.workers.get('verifications') as PollingWorker).drain();
  const { body: done } = await service.http<Verification>('GET', `/v1/billing/verifications/${made.body.id}`);
  expect(done).toMatchObject({ state: 'done', error: null });
  return done;
}

const resultOf = ({ results }: Verification, table: string): TypeComparison =>
  results.find((result) => result.table === table) as TypeComparison;

describe('verifying', () => {
  it('finds nothing where everything was told, and counts every object', async () => {
    const done = await verify({ types: BILLED });

    expect(done.results.flatMap(({ findings }) => findings)).toEqual([]);
    expect(done.agrees).toBe(true);
    expect(resultOf(done, 'subscriptions').agree).toBe(10);
    expect(resultOf(done, 'customers').agree).toBeGreaterThanOrEqual(5);
  });

  it('names what differs, what is missing, what is gone at Stripe and what a list inside lacks, and writes nothing', async () => {
    sandbox.deliveries.misbehave({ dropRate: 1 });
    const [changed, gone, silent] = (await stripe('GET', '/v1/customers')).data as StripeObject[];
    const missed = await stripe('POST', '/v1/customers', { name: 'missed' });
    await stripe('POST', `/v1/customers/${changed?.id}`, { name: 'changed' });
    await stripe('DELETE', `/v1/customers/${gone?.id}`);
    // A field that Stripe changes without telling anybody.
    sandbox.putObject({ ...silent, object: 'customer', delinquent: true });
    await service.db.query(`DELETE FROM stripe.subscription_items WHERE parent = $1`, [bought[1]?.id]);
    sandbox.deliveries.misbehave();
    await sandbox.advance(60);
    const before = await service.db.query(`SELECT max(synced_at) AS at FROM stripe.customers`);

    const done = await verify({ types: ['customers', 'subscriptions'] });

    expect(done.agrees).toBe(false);
    const found = resultOf(done, 'customers');
    expect(found).toMatchObject({ differ: 2, missing: 1, extra: 1 });
    expect(found.findings).toEqual(
      expect.arrayContaining([
        { id: missed.id, table: 'customers', what: 'missing', fields: [] },
        { id: changed?.id, table: 'customers', what: 'differs', fields: ['name'] },
        { id: silent?.id, table: 'customers', what: 'differs', fields: ['delinquent'] },
        { id: gone?.id, table: 'customers', what: 'extra', fields: [] },
      ]),
    );
    expect(resultOf(done, 'subscriptions')).toMatchObject({ missing: 1, differ: expect.any(Number) });
    expect(await service.db.query(`SELECT max(synced_at) AS at FROM stripe.customers`)).toEqual(before);
  });

  it('on request sets right what it finds, after which nothing is found', async () => {
    const repaired = await verify({ types: ['customers', 'subscriptions'], repair: true });
    expect(repaired.agrees).toBe(false);
    await drainWithRefetches(service);
    await sandbox.advance(60);

    const done = await verify({ types: ['customers', 'subscriptions', 'invoices'] });

    expect(done.results.flatMap(({ findings }) => findings)).toEqual([]);
    expect(done.agrees).toBe(true);
  });

  it('finds lines beyond the tenth that are missing or left over', async () => {
    const [long] = await service.db.query<Array<{ id: string }>>(
      `SELECT parent AS id FROM stripe.invoice_line_items WHERE deleted_at IS NULL GROUP BY parent HAVING count(*) > 10`,
    );
    const lines = await service.db.query<Array<{ id: string }>>(
      `SELECT id FROM stripe.invoice_line_items WHERE parent = $1 ORDER BY id`,
      [long?.id],
    );
    const last = (await stripe('GET', `/v1/invoices/${long?.id}/lines?limit=100`)).data as StripeObject[];
    await service.db.query(`DELETE FROM stripe.invoice_line_items WHERE id = $1`, [last.at(-1)?.id]);
    await service.db.query(`UPDATE stripe.invoice_line_items SET id = 'il_left_over' WHERE id = $1`, [last[0]?.id]);

    const done = await verify({ types: ['invoices'] });

    expect(lines.length).toBeGreaterThan(10);
    expect(resultOf(done, 'invoices')).toMatchObject({ missing: 2, extra: 1, differ: 0 });
    await verify({ types: ['invoices'], repair: true });
    await drainWithRefetches(service);
    expect((await verify({ types: ['invoices'] })).agrees).toBe(true);
  });

  it('is not fooled by the shape that another API version gave a row', async () => {
    const customer = await stripe('POST', '/v1/customers', { name: 'old shape' });
    await sandbox.idle();
    await drain(service);
    await sandbox.advance(30);
    const created = Math.floor(sandbox.clock.now().getTime() / 1_000);
    const old = {
      ...customer,
      account_balance: 0,
      sources: { object: 'list', data: [], has_more: false },
      default_source: null,
    };
    await deliverAll(service, [stripeEvent('customer.updated', old, { created, apiVersion: '2018-05-21' })]);
    await drain(service, ['inbox']);
    await sandbox.advance(30);

    const done = await verify({ types: ['customers'] });
    expect(resultOf(done, 'customers')).toMatchObject({ differ: 0, otherVersion: 1 });
    expect(done.agrees).toBe(true);

    sandbox.putObject({ ...customer, object: 'customer', name: 'changed' });
    expect(resultOf(await verify({ types: ['customers'] }), 'customers')).toMatchObject({
      differ: 1,
      findings: [{ id: customer.id, table: 'customers', what: 'differs', fields: ['name'] }],
    });
  });

  it('looks at the newest objects only when asked for a sample', async () => {
    const done = await verify({ types: ['subscriptions'], sample: 2 });

    expect(resultOf(done, 'subscriptions').agree).toBeLessThanOrEqual(4);
    expect(resultOf(done, 'subscriptions').requests).toBe(1);
  });

  it.each([
    [{ types: ['gizmos'] }, 'types'],
    [{ types: ['invoice_line_items'] }, 'types'],
    [{ types: ['accounts'], account: 'acct_1' }, 'types'],
    [{ sample: 0 }, 'sample'],
  ])('refuses %j and names the field', async (body, field) => {
    const answer = await service.http('POST', '/v1/billing/verifications', body, {
      'idempotency-key': randomId('key'),
    });

    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({ error: { field } });
  });

  it('is a command that ends by what it found', async () => {
    const call = async (...args: string[]) => {
      let out = '';
      const house: House = {
        config: service.config,
        get: (token) => service.app.get(token),
        work: () => undefined,
        close: () => Promise.resolve(),
      };
      const code = await VERIFY.run(args, {
        config: () => service.config,
        ...OPENS_NOTHING,
        openHouse: () => Promise.resolve(house),
        out: { write: (text) => (out += text) },
        err: { write: (text) => (out += text) },
        interrupted: new AbortController().signal,
      });
      return { code, out };
    };
    await sandbox.idle();
    await drainWithRefetches(service);
    await verify({ types: ['customers', 'subscriptions'], repair: true });

    const fine = await call('--types', 'customers,subscriptions');
    expect(fine).toMatchObject({
      code: EXIT.done,
      out: expect.stringMatching(/customers +\d+ +0 +0 +0[^]+agrees with Stripe/),
    });

    await service.db.query(`DELETE FROM stripe.subscriptions WHERE id = $1`, [bought[2]?.id]);
    const off = await call('--types', 'subscriptions');
    expect(off.code).toBe(EXIT.failed);
    expect(off.out).toContain(`subscriptions: ${bought[2]?.id} is missing here`);
    const json = await call('--types', 'subscriptions', '--json');
    expect(JSON.parse(json.out)).toMatchObject({ agrees: false, types: [{ missing: 1 }] });
    await expect(call('--sample', 'all')).rejects.toThrow(UsageError);
    await expect(call('--types', 'gizmos')).rejects.toThrow(/has no type "gizmos"/);
  });

  it('is given back as it was when the process stops, and costs it no attempt', async () => {
    const worker = new VerificationsWorker(
      service.db,
      service.app.get(WorkspacesService),
      service.app.get(AccountComparisons),
    );
    sandbox.faults.add({ kind: 'latency', path: '/v1/customers', latencyMs: 300 });
    const { body: made } = await service.http<Verification>('POST', '/v1/billing/verifications', {
      types: ['customers', 'customer_balance_transactions'],
    });
    sandbox.requests.clear();

    worker.start();
    while (sandbox.requests.list().length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await worker.stop();

    const [row] = await service.db.query<unknown[]>(
      `SELECT state, attempts, error, lease_token, available_at <= now() AS due FROM tributary.verification WHERE id = $1`,
      [made.id],
    );
    expect(row).toEqual({ state: 'pending', attempts: 0, error: null, lease_token: null, due: true });
    await (service.workers.get('verifications') as PollingWorker).drain();
  });

  it('compares everything that Stripe lists, over gRPC too', async () => {
    const { message: made } = await service.grpc.call<{ id: string }>('BillingTruth', 'CreateVerification', {
      sample: 5,
    });
    await (service.workers.get('verifications') as PollingWorker).drain();

    const { message: done } = await service.grpc.call<Verification>('BillingTruth', 'GetVerification', {
      id: made?.id,
    });

    expect(done).toMatchObject({ state: 'done' });
    expect(done?.results.length).toBeGreaterThan(80);
    expect(done?.results.filter(({ skipped }) => skipped && skipped !== 'not_enabled')).toEqual([]);
  });
});
