import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { BackfillView } from '../../src/billing/backfill/dto/backfill.dto.js';
import { drain } from '../support/stripe-events.js';
import { startTestService, type TestService } from '../support/test-service.js';
import {
  backfill,
  differences,
  discountedSubscription,
  finish,
  FIRST_SECOND,
  many,
  order,
  putOneOfEach,
  rowVersions,
  sandboxOf,
  stripe,
} from './backfill-world.js';

const DAY = 86_400;

jest.setTimeout(90_000);

let service: TestService;
let account: string;
let longInvoice: string;
let first: BackfillView;

beforeAll(async () => {
  service = await startTestService({ env: { STRIPE_REQUESTS_PER_SECOND: '5000' } });
  const sandbox = sandboxOf(service);
  // Webhooks stay away: what the mirror has, the backfill has brought.
  sandbox.deliveries.hold();
  putOneOfEach(sandbox);
  sandbox.putObjects(many('charge', 450));
  sandbox.putObjects(many('subscription', 30, (n) => ({ status: n % 2 === 0 ? 'canceled' : 'active' })));
  longInvoice = await invoiceOfLines(15);
  await discountedSubscription(sandbox);
  for (let n = 0; n < 12; n++) {
    await stripe(sandbox, 'POST', '/v1/customers/cus_1/tax_ids', { type: 'eu_vat', value: `DE1234567${n + 10}` });
  }
  account = (await stripe(sandbox, 'POST', '/v1/accounts', { type: 'express', country: 'DE' })).id;
  sandbox.putObjects(many('customer', 120), { account });
  sandbox.putObjects(many('charge', 5), { account });
  sandbox.requests.clear();
  first = await backfill(service);
}, 180_000);
afterAll(() => service?.stop());

async function invoiceOfLines(lines: number): Promise<string> {
  const sandbox = sandboxOf(service);
  const customer = (await stripe(sandbox, 'POST', '/v1/customers', { email: 'ada@example.com' })).id;
  for (let n = 1; n <= lines; n++) {
    await stripe(sandbox, 'POST', '/v1/invoiceitems', { customer, amount: String(n * 100), currency: 'usd' });
  }
  return (await stripe(sandbox, 'POST', '/v1/invoices', { customer, pending_invoice_items_behavior: 'include' })).id;
}

async function count(table: string, where = 'true'): Promise<number> {
  const [row] = await service.db.query<Array<{ n: number }>>(`SELECT count(*)::int AS n FROM ${table} WHERE ${where}`);
  return row?.n ?? -1;
}

describe('a backfill', () => {
  it('brings every object of every type that Stripe lists, as Stripe has it, of all accounts', async () => {
    expect(first).toMatchObject({ state: 'done', error: null, dryRun: false });
    expect(await differences(service)).toEqual([]);
    expect(await count('stripe.customers', `account = '${account}'`)).toBe(120);
    expect(await count('stripe.subscriptions', `status = 'canceled'`)).toBeGreaterThanOrEqual(15);
  });

  it('leaves no list out for another reason than that Stripe refused it', () => {
    expect(first.problems.filter(({ state }) => state !== 'skipped')).toEqual([]);
    expect(first.problems.map(({ type }) => type)).toEqual([]);
  });

  it("fetches lists that are cut off inside their objects: an invoice's lines, a customer's tax ids", async () => {
    expect(await count('stripe.invoice_line_items', `parent = '${longInvoice}' AND deleted_at IS NULL`)).toBe(15);
    expect(await count('stripe.tax_ids', `customer = 'cus_1'`)).toBeGreaterThanOrEqual(12);
    expect(await count('tributary.refetch', `reason <> 'moved'`)).toBe(0);
  });

  it('brings what objects show inside of themselves, discounts too, at no further request', async () => {
    const asked = sandboxOf(service).requests.list({ method: 'GET' });

    expect(await count('stripe.discounts')).toBeGreaterThan(0);
    expect(await count('stripe.transfer_reversals', `id = 'trr_1'`)).toBe(1);
    expect(asked.filter(({ path }) => /^\/v1\/(subscriptions|invoices)\/\w+$/.test(path))).toEqual([]);
    expect(await count('stripe.subscriptions', `jsonb_typeof(data#>'{discounts,0}') = 'object'`)).toBe(0);
  });

  it('settles what it brings as if a webhook had brought it', async () => {
    expect(await count('tributary.settle_queue', `kind = 'customer' AND key = 'cus_1'`)).toBeGreaterThan(0);
    await drain(service, ['settle']);
    expect(await count('tributary.settle_queue')).toBe(0);
  });

  it('tells what it did, by type, and what it cost', () => {
    const charges = first.byType.find(({ type }) => type === 'charges');

    expect(charges).toMatchObject({ state: 'done', deleted: 0, remainingRequests: 0 });
    expect(charges?.objects).toBeGreaterThanOrEqual(455);
    expect(charges?.added).toBe(charges?.objects);
    expect(first.requests).toBe(
      sandboxOf(service)
        .requests.list({ method: 'GET' })
        .filter(({ path }) => path.startsWith('/v')).length,
    );
    expect(first.tasks.open).toBe(0);
    expect(first.remainingRequests).toBe(0);
  });

  it('writes no row, and locks none, when nothing has changed', async () => {
    const before = await rowVersions(service);

    const second = await backfill(service);

    expect(second).toMatchObject({ state: 'done', added: 0, changed: 0, objects: first.objects });
    expect(await rowVersions(service)).toBe(before);
    expect(await count('tributary.settle_queue')).toBe(0);
  });

  it.each([false, true])(
    'leaves a discount buried that objects still show, and counts it not (dry: %s)',
    async (dryRun) => {
      await service.db.query(`UPDATE stripe.discounts SET deleted_at = source_updated_at - interval '1 minute'`);
      const before = await rowVersions(service);

      const view = await backfill(service, { types: ['subscriptions'], dryRun });

      expect(view).toMatchObject({ state: 'done', added: 0, changed: 0 });
      expect(await rowVersions(service)).toBe(before);
    },
  );

  it('goes to Stripe in the name of each account, and asks for what is the platform’s own only once', () => {
    const asked = sandboxOf(service).requests.list({ method: 'GET' });

    expect(asked.filter(({ path, account: of }) => path === '/v1/charges' && of === account)).not.toEqual([]);
    expect(asked.filter(({ path, account: of }) => path === '/v1/country_specs' && of !== null && of !== '')).toEqual(
      [],
    );
  });
});

describe('a dry run', () => {
  it('says what would change and changes nothing', async () => {
    const sandbox = sandboxOf(service);
    sandbox.putObjects(many('coupon', 3));
    sandbox.putObject({ ...many('product', 1)[0], object: 'product', id: 'prod_1', name: 'Renamed' });
    const [gone] = await service.db.query<Array<{ id: string }>>(
      `SELECT id FROM stripe.charges WHERE account = '' LIMIT 1`,
    );
    sandbox.removeObject('charge', gone?.id ?? '');
    const before = await rowVersions(service);

    const view = await backfill(service, { dryRun: true });

    const of = (name: string) => view.byType.find(({ type }) => type === name);
    expect(of('coupons')).toMatchObject({ added: 3, changed: 0 });
    expect(of('products')).toMatchObject({ added: 0, changed: 1 });
    expect(of('charges')).toMatchObject({ added: 0, changed: 0, deleted: 1 });
    expect(view).toMatchObject({ state: 'done', added: 3, changed: 1, deleted: 1 });
    expect(view.requests).toBeGreaterThan(0);
    expect(await rowVersions(service)).toBe(before);
    expect(await count('tributary.backfill_seen')).toBe(0);
  });

  it('is right: the backfill after it does just that', async () => {
    const view = await backfill(service);

    expect(view).toMatchObject({ added: 3, changed: 1 });
    expect(await count('stripe.coupons')).toBeGreaterThanOrEqual(3);
    expect(await count('stripe.products', `data->>'name' = 'Renamed'`)).toBe(1);
  });
});

describe('what is ordered', () => {
  it('since: only what was created from then on, where Stripe filters by it', async () => {
    sandboxOf(service).requests.clear();
    const since = new Date((FIRST_SECOND + 440 * DAY) * 1_000);

    const view = await backfill(service, { since: since.toISOString() as never, types: ['charges', 'payment_links'] });

    const charges = view.byType.find(({ type }) => type === 'charges');
    expect(charges?.objects).toBeLessThan(20);
    const asked = sandboxOf(service).requests.list({ method: 'GET' });
    const queries = (path: string) =>
      asked.filter((one) => one.path === path).map(({ query }) => decodeURIComponent(query));
    expect(queries('/v1/charges').every((query) => query.includes(`created[gte]=`))).toBe(true);
    expect(queries('/v1/payment_links')).not.toEqual([]);
    expect(queries('/v1/payment_links').some((query) => query.includes('created'))).toBe(false);
  });

  it('types: only these, what they cannot be had without, and what completes them', async () => {
    const view = await backfill(service, { types: ['persons', 'invoices'] });

    expect(
      view.byType
        .filter(({ requests }) => requests > 0)
        .map(({ type }) => type)
        .sort(),
    ).toEqual(['accounts', 'invoice_payments', 'invoices', 'persons'].sort());
  });

  it('account: only that one, and none of what only the platform has', async () => {
    sandboxOf(service).requests.clear();

    const view = await backfill(service, { account });

    const asked = sandboxOf(service).requests.list({ method: 'GET' });
    expect(view.state).toBe('done');
    // Which account is the own one is asked before.
    const listed = asked.filter(({ path }) => path !== '/v1/account');
    expect(new Set(listed.map((one) => one.account))).toEqual(new Set([account]));
    expect(asked.some(({ path }) => path.startsWith('/v1/accounts'))).toBe(false);
  });

  it.each([
    [{ types: ['customer'] }, 'types', 'unknown_type', /has no type "customer"; did you mean customers,/],
    [{ types: ['reserve_holds'] }, 'types', 'not_listable', /only webhooks bring them/],
    [{ types: [] }, 'types', 'invalid_field', /must be a list of types/],
    [{ types: 'customers' }, 'types', 'invalid_field', /must be a list of types/],
    [{ account: 'cus_1' }, 'account', 'invalid_field', /connected account \(acct_…\), or "platform"/],
    [{ account: 'acct_1', types: ['country_specs'] }, 'account', 'platform_types', /platform's own/],
    [{ since: '2026-13-01' }, 'since', 'invalid_field', /ISO 8601/],
    [{ since: '2999-01-01T00:00:00Z' }, 'since', 'since_in_future', /still to come/],
    [{ dryRun: 'yes' }, 'dryRun', 'invalid_field', /true or false/],
    [{ tables: ['customers'] }, 'tables', 'unknown_field', /tables/],
  ])('refuses %j and names the field', async (dto, field, code, message) => {
    const { status, body } = await service.http<{ error: unknown }>('POST', '/v1/billing/backfills', dto);

    expect(status).toBe(400);
    expect(body.error).toMatchObject({ code, message: expect.stringMatching(message) });
    expect(String((body.error as { field: string }).field)).toMatch(new RegExp(`^${field}`));
  });
});

describe('a job', () => {
  it('runs once at a time, can be canceled, and cannot be canceled after its end', async () => {
    const job = await order(service, { types: ['coupons'] });

    const again = await service.http<{ error: unknown }>('POST', '/v1/billing/backfills', { types: ['coupons'] });
    const other = await order(service, { types: ['coupons', 'products'] });
    const canceled = await service.http<BackfillView>('POST', `/v1/billing/backfills/${job.id}/cancel`);
    const twice = await service.http<BackfillView>('POST', `/v1/billing/backfills/${job.id}/cancel`);
    const done = await finish(service, other.id);
    const late = await service.http<{ error: unknown }>('POST', `/v1/billing/backfills/${other.id}/cancel`);

    expect(again).toMatchObject({ status: 409, body: { error: { code: 'backfill_running' } } });
    expect(JSON.stringify(again.body)).toContain(job.id);
    expect(canceled).toMatchObject({ status: 200, body: { state: 'canceled' } });
    expect(twice.status).toBe(200);
    expect(done.state).toBe('done');
    expect(late).toMatchObject({ status: 409, body: { error: { code: 'backfill_finished', field: 'id' } } });
  });

  it('is listed, newest first and page by page, and unknown ones are not found', async () => {
    const { body } = await service.http<{ data: { id: string }[]; nextCursor: string }>(
      'GET',
      '/v1/billing/backfills?limit=2',
    );
    const next = await service.http<{ data: { id: string }[] }>(
      'GET',
      `/v1/billing/backfills?limit=2&cursor=${body.nextCursor}`,
    );
    const missing = await service.http<{ error: unknown }>('GET', '/v1/billing/backfills/bfl_nothing');
    const ids = [...body.data, ...next.body.data].map(({ id }) => id);

    expect(ids).toEqual([...ids].sort().reverse());
    expect(new Set(ids).size).toBe(4);
    expect(missing).toMatchObject({ status: 404, body: { error: { code: 'backfill_not_found', field: 'id' } } });
  });

  it('is the same over gRPC', async () => {
    const call = (method: string, request: object) =>
      service.grpc.call<Record<string, unknown>>('Backfills', method, request);
    const job = await call('CreateBackfill', { types: ['coupons'], dryRun: true });
    const id = String(job.message?.id);
    const done = await finish(service, id);
    const seen = await call('GetBackfill', { id });
    const listed = await call('ListBackfills', { limit: 1 });
    const late = await call('CancelBackfill', { id });

    expect(job.message?.state).toBe('running');
    expect(seen.message).toMatchObject({ id, state: 'done', dryRun: true, types: ['coupons'], objects: done.objects });
    expect(listed.message?.data).toEqual([expect.objectContaining({ id })]);
    expect(late.body.error).toMatchObject({ code: 'backfill_finished', field: 'id' });
  });
});
