import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { StripeSandbox } from '../../sandbox/stripe-sandbox.js';
import type { AccountFreshness, FreshnessView } from '../../src/billing/truth/dto/freshness.dto.js';
import type { PollingWorker } from '../../src/common/background-worker.js';
import { randomId } from '../support/stripe-events.js';
import { startTestService, type TestService } from '../support/test-service.js';
import { backfill, order, sandboxOf, stripe } from './backfill-world.js';

let service: TestService;
let sandbox: StripeSandbox;
let own: string;
/** One that a backfill of everything brings, and one that only a backfill in its name knows. */
let theirs: string;
let named: string;
/** Theirs. */
let customer: string;

const worker = (name: string) => service.workers.get(name) as PollingWorker;

beforeAll(async () => {
  // No endpoint for events on connected accounts: nobody polls theirs.
  service = await startTestService({ sandbox: true, env: { STRIPE_REQUESTS_PER_SECOND: '2000' } });
  sandbox = sandboxOf(service);
  sandbox.deliveries.misbehave({ dropRate: 1 });
  ({ id: own } = await stripe(sandbox, 'GET', '/v1/account'));
  ({ id: theirs } = await stripe(sandbox, 'POST', '/v1/accounts', { country: 'US' }));
  ({ id: customer } = await stripe(sandbox, 'POST', '/v1/customers', { name: 'theirs' }, theirs));
  await stripe(sandbox, 'POST', '/v1/customers', { name: 'ours' });
  await backfill(service, { types: ['accounts', 'customers'] });
  ({ id: named } = await stripe(sandbox, 'POST', '/v1/accounts', { country: 'US' }));
  await backfill(service, { types: ['customers'], account: named });
});
afterAll(() => service?.stop());

async function freshness(query: string): Promise<AccountFreshness[]> {
  const { status, body } = await service.http<FreshnessView>('GET', `/v1/billing/freshness?${query}`);
  expect(status).toBe(200);
  return body.accounts;
}

async function accountsIn(table: string): Promise<string[]> {
  const rows = await service.db.query<Array<{ account: string }>>(`SELECT DISTINCT account FROM tributary.${table}`);
  return rows.map(({ account }) => account).sort();
}

describe('accounts that no webhook tells of', () => {
  it('are looked after as soon as a backfill has brought them, and the own one is none of them', async () => {
    await worker('events-poller').runOnce();
    await worker('sweep').runOnce();
    await worker('list-follow').runOnce();

    const everybody = ['', theirs, named].sort();
    expect(await accountsIn('sweep')).toEqual(everybody);
    expect(await accountsIn('list_follow')).toEqual(everybody);
    expect(await accountsIn('event_poll')).toEqual(['']);
    const accounts = (await freshness('type=customers')).map(({ account }) => account ?? '').sort();
    expect(accounts).toEqual(everybody);
  });

  it('are as fresh as their last listing, since nothing follows their events', async () => {
    const [before] = await freshness(`type=customers&account=${theirs}`);
    await sandbox.advance(7_200);
    const [after] = await freshness(`type=customers&account=${theirs}`);

    expect(before?.types[0]).toMatchObject({ reason: 'no_endpoint', complete: true, trueAsOf: expect.any(String) });
    expect(before?.types[0]?.explanation).toContain('no endpoint brings the events of this account');
    expect(after?.types[0]?.trueAsOf).toBe(before?.types[0]?.trueAsOf);
    expect(after?.types[0]?.behindSecondsMax).toBeGreaterThanOrEqual(7_199);
  });

  it('are forgotten when they are gone', async () => {
    const { id } = await stripe(sandbox, 'POST', '/v1/accounts', { country: 'US' });
    await backfill(service, { types: ['accounts'] });
    expect((await freshness('type=customers')).map(({ account }) => account)).toContain(id);

    await service.db.query(`UPDATE stripe.accounts SET deleted_at = now() WHERE id = $1`, [id]);

    expect((await freshness('type=customers')).map(({ account }) => account)).not.toContain(id);
    await service.db.query(
      `INSERT INTO tributary.sweep (workspace_id, account, object_table, due_at) VALUES ($1, $2, 'customers', to_timestamp(0))`,
      [service.workspaceId, id],
    );
    await service.db.query(
      `INSERT INTO tributary.list_follow (workspace_id, account, object_table) VALUES ($1, $2, 'balance_transactions')`,
      [service.workspaceId, id],
    );
    sandbox.requests.clear();
    await worker('sweep').runOnce();
    await worker('list-follow').runOnce();
    expect(sandbox.requests.list().filter(({ account }) => account === id)).toEqual([]);
  });
});

describe('a backfill after the clock of Stripe moved on', () => {
  it('closes the gap of events that were lost before it, by that same clock', async () => {
    await sandbox.advance(40 * 86_400);
    await worker('events-poller').runOnce();
    const stamp = sandbox.clock.now().toISOString();
    await service.db.query(
      `UPDATE tributary.event_poll SET lost_until = $1, complete_until = $1 WHERE account = '' AND source = 'v1'`,
      [stamp],
    );
    const of = async () => (await freshness('type=customers&account=platform'))[0]?.types[0];
    expect(await of()).toMatchObject({ reason: 'events_lost', complete: false });

    await sandbox.advance(60);
    const done = await backfill(service, { types: ['customers'], account: 'platform' });

    expect(await of()).toMatchObject({ complete: true, lastListedAt: expect.any(String) });
    expect((await of())?.reason).not.toBe('events_lost');
    expect(Date.parse(done.createdAt)).toBeGreaterThan(Date.parse(stamp));
    expect(Date.parse(done.finishedAt as string)).toBeGreaterThanOrEqual(Date.parse(done.createdAt));
  });
});

describe('the id of the own account', () => {
  const names = async (account: string) => {
    const { body } = await service.http<{ data: Array<{ account: string | null; data: { name: string } }> }>(
      'GET',
      `/v1/billing/customers?account=${account}`,
    );
    return body.data.map((row) => [row.account, row.data.name]);
  };

  it('reads as the platform, over both faces', async () => {
    expect(await names(own)).toEqual([[null, 'ours']]);
    expect(await names('platform')).toEqual([[null, 'ours']]);
    const { message } = await service.grpc.call<{ data: Array<{ account?: string }> }>('Billing', 'ListObjects', {
      objects: 'customers',
      account: own,
    });
    expect(message?.data.map(({ account }) => account)).toEqual(['']);
    expect((await freshness(`type=customers&account=${own}`)).map(({ account }) => account)).toEqual([null]);
  });

  it('is backfilled, fetched and written as the platform, so that nothing is held twice', async () => {
    const ordered = await order(service, { types: ['customers'], account: own });
    const fresh = await service.http('GET', `/v1/billing/customers?account=${own}&fresh=true`);
    const made = await service.http('POST', '/v1/billing/customers', { account: own, params: { name: 'made' } });
    const key = { 'idempotency-key': randomId('key') };
    const verified = await service.http('POST', '/v1/billing/verifications', { account: own }, key);

    expect(ordered).toMatchObject({ account: 'platform' });
    expect(fresh.status).toBe(200);
    expect(made).toMatchObject({ status: 201, body: { account: null } });
    expect(verified).toMatchObject({ status: 201, body: { account: 'platform' } });
    expect(await service.db.query(`SELECT id FROM stripe.customers WHERE account = $1`, [own])).toEqual([]);
  });
});

describe('an account that is not known', () => {
  const UNKNOWN = { code: 'account_not_found', field: 'account' };

  it.each(['customers?', `customers/cus_1?`, 'freshness?', 'subscriptions/sub_1/validity?'])(
    'is refused by GET /v1/billing/%s',
    async (path) => {
      const answer = await service.http('GET', `/v1/billing/${path}account=acct_nobody`);

      expect(answer).toMatchObject({ status: 404, body: { error: UNKNOWN } });
    },
  );

  it('is refused over gRPC', async () => {
    const asked = { objects: 'customers', account: 'acct_nobody' };

    expect(await service.grpc.call('Billing', 'ListObjects', asked)).toMatchObject({ body: { error: UNKNOWN } });
  });

  it('is known by one row, before its own object came', async () => {
    const early = randomId('acct');
    await service.db.query(
      `INSERT INTO stripe.customers (workspace_id, account, id, data, source_updated_at, source_rank)
       SELECT workspace_id, $2, id, data, source_updated_at, source_rank FROM stripe.customers WHERE id = $1`,
      [customer, early],
    );

    const answer = await service.http('GET', `/v1/billing/invoices?account=${early}`);

    expect(answer).toMatchObject({ status: 200, body: { data: [] } });
  });

  it('is asked about at Stripe all the same, and an empty name is none', async () => {
    const { id } = await stripe(sandbox, 'POST', '/v1/accounts', { country: 'US' });

    const fresh = await service.http('GET', `/v1/billing/customers?account=${id}&fresh=true`);
    const empty = await service.http('GET', '/v1/billing/customers?account=');

    expect(fresh).toMatchObject({ status: 200, body: { data: [] } });
    expect(empty).toMatchObject({ status: 400, body: { error: { code: 'invalid_field', field: 'account' } } });
  });

  it('asks nobody for a key', async () => {
    const answer = await service.http('GET', `/v1/billing/customers?account=${theirs}`, undefined, {
      authorization: '',
    });

    expect(answer.status).toBe(401);
  });
});
