import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { StripeSandbox } from '../../sandbox/stripe-sandbox.js';
import type { PollingWorker } from '../../src/common/background-worker.js';
import { drain, type StripeObject } from '../support/stripe-events.js';
import { startTestService, type TestService } from '../support/test-service.js';

const DAY = 86_400;
const ENV = { TRIBUTARY_ENCRYPTION_KEY: 'an encryption key of 32 characters', STRIPE_REQUESTS_PER_SECOND: '2000' };

let service: TestService;
let sandbox: StripeSandbox;
beforeAll(async () => {
  service = await startTestService({ sandbox: true, env: ENV });
  sandbox = service.sandbox as unknown as StripeSandbox;
  sandbox.freezeClock(new Date('2026-11-02T12:00:00Z'));
});
afterAll(() => service?.stop());
beforeEach(() => sandbox.faults.clear());

async function stripe(
  method: string,
  path: string,
  params: Record<string, string> = {},
  account?: string,
): Promise<StripeObject> {
  const headers: Record<string, string> = {
    authorization: 'Bearer sk_test_poller',
    'content-type': 'application/x-www-form-urlencoded',
    ...(account !== undefined && { 'stripe-account': account }),
  };
  const body = method === 'POST' ? new URLSearchParams(params).toString() : undefined;
  const answer = await fetch(sandbox.url + path, { method, headers, body });
  const object = (await answer.json()) as StripeObject;
  if (!answer.ok) throw new Error(`${method} ${path}: ${JSON.stringify(object)}`);
  return object;
}

const poller = (of: TestService = service) => of.workers.get('events-poller') as PollingWorker;

/** Lets every look be due, and has them. */
async function look(): Promise<void> {
  await service.db.query(`UPDATE tributary.event_poll SET due_at = now()`);
  await poller().drain();
}

interface PollRow {
  recovered: string;
  complete_until: Date | null;
  lost_until: Date | null;
  error: string | null;
}

async function pollOf(account = '', source = 'v1'): Promise<PollRow> {
  const [row] = await service.db.query<PollRow[]>(
    `SELECT recovered, complete_until, lost_until, error FROM tributary.event_poll WHERE account = $1 AND source = $2`,
    [account, source],
  );
  if (row === undefined) throw new Error(`nobody looks at the events of ${account}`);
  return row;
}

const storedIds = async (account = ''): Promise<string[]> => {
  const rows = await service.db.query<Array<{ id: string }>>(
    `SELECT id FROM tributary.webhook_event WHERE account = $1 ORDER BY id`,
    [account],
  );
  return rows.map(({ id }) => id);
};

const eventRequests = (): number => sandbox.requests.list({ method: 'GET', path: '/v1/events' }).length;

async function metric(name: string): Promise<number> {
  const { body } = await service.http<string>('GET', '/metrics');
  const lines = String(body).split('\n');
  return lines
    .filter((line) => line.startsWith(`${name}{`))
    .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}

describe('the poller', () => {
  it('failure 19: recovers everything after four days in which no delivery came through', async () => {
    await look();
    const before = Number((await pollOf()).recovered);
    sandbox.deliveries.misbehave({ dropRate: 1 });
    const told = new Set((await storedIds()).values());
    const customers: StripeObject[] = [];
    for (let day = 0; day < 4; day++) {
      for (let n = 0; n < 60; n++) customers.push(await stripe('POST', '/v1/customers', { name: `day ${day}, ${n}` }));
      await sandbox.advance(DAY);
    }
    for (const customer of customers.slice(0, 20))
      await stripe('POST', `/v1/customers/${customer.id}`, { name: 'later' });
    for (const customer of customers.slice(20, 30)) await stripe('DELETE', `/v1/customers/${customer.id}`);
    sandbox.deliveries.misbehave();
    await sandbox.advance(300);

    await look();
    await drain(service, ['inbox', 'settle']);

    const events = sandbox.events().map(({ id }) => id);
    expect(await storedIds()).toEqual([...new Set([...events, ...told])].sort());
    expect(Number((await pollOf()).recovered) - before).toBe(270);
    expect(await metric('tributary_events_recovered_total')).toBeGreaterThanOrEqual(270);
    const rows = await service.db.query<Array<{ id: string; name: string; gone: boolean }>>(
      `SELECT id, data->>'name' AS name, deleted_at IS NOT NULL AS gone FROM stripe.customers WHERE id = ANY($1)`,
      [customers.map(({ id }) => id)],
    );
    expect(rows).toHaveLength(240);
    expect(rows.filter(({ gone }) => gone)).toHaveLength(10);
    expect(rows.filter(({ name }) => name === 'later')).toHaveLength(20);
  });

  it('meets a delivery that comes later in the same row, and a second look finds nothing at the cost of one request', async () => {
    sandbox.deliveries.hold();
    const customer = await stripe('POST', '/v1/customers', { name: 'held back' });
    await sandbox.advance(120);
    await look();
    await drain(service, ['inbox']);
    const { recovered } = await pollOf();
    const asked = eventRequests();

    await look();
    sandbox.deliveries.release();
    await sandbox.idle();
    await drain(service, ['inbox']);

    expect(eventRequests() - asked).toBe(1);
    expect((await pollOf()).recovered).toBe(recovered);
    const rows = await service.db.query<Array<{ state: string }>>(
      `SELECT state FROM tributary.webhook_event WHERE object_id = $1`,
      [customer.id],
    );
    expect(rows).toEqual([{ state: 'applied' }]);
  });

  it('does not count what is still on its way', async () => {
    sandbox.deliveries.hold();
    await sandbox.advance(3_600);
    await look();
    const { recovered } = await pollOf();
    const customer = await stripe('POST', '/v1/customers', { name: 'just now' });

    await look();

    expect((await pollOf()).recovered).toBe(recovered);
    const [row] = await service.db.query<Array<{ endpoint_id: string }>>(
      `SELECT endpoint_id FROM tributary.webhook_event WHERE object_id = $1`,
      [customer.id],
    );
    expect(row).toEqual({ endpoint_id: 'poller' });
    sandbox.deliveries.release();
    await sandbox.idle();
  });

  it('looks after connected accounts once there is an endpoint for their events', async () => {
    sandbox.deliveries.misbehave({ dropRate: 1 });
    const account = await stripe('POST', '/v1/accounts', { country: 'US' });
    await service.http('GET', `/v1/billing/accounts/${account.id}?fresh=true`);
    // The platform's own account is held like theirs; asked as if it were one of them, it would tell everything twice.
    const own = await stripe('GET', '/v1/account');
    await service.http('GET', `/v1/billing/accounts/${own.id}?fresh=true`);
    await sandbox.advance(300);
    await look();
    await drain(service, ['inbox']);
    const made = await service.http(
      'POST',
      '/v1/webhook-endpoints',
      { kind: 'connect', secrets: [`whsec_${'connect'.repeat(5)}`] },
      {
        'idempotency-key': 'a-connect-endpoint',
      },
    );
    expect(made).toMatchObject({ status: 201 });
    const theirs = await stripe('POST', '/v1/customers', { name: 'theirs' }, account.id);
    await sandbox.advance(300);
    const fresh = await startTestService({
      sandbox: false,
      databaseUrl: service.databaseUrl,
      env: { ...ENV, STRIPE_SECRET_KEY: 'sk_test_second', STRIPE_API_BASE: sandbox.url },
    });

    await poller(fresh).drain();
    await drain(service, ['inbox']);
    await fresh.stop();

    const rows = await service.db.query(`SELECT account FROM stripe.customers WHERE id = $1`, [theirs.id]);
    expect(rows).toEqual([{ account: account.id }]);
    const polled = await service.db.query(`SELECT account FROM tributary.event_poll WHERE source = 'v1' ORDER BY 1`);
    expect(polled).toEqual([{ account: '' }, { account: account.id }]);
    expect(Number((await pollOf(account.id)).recovered)).toBeGreaterThan(0);
    sandbox.deliveries.misbehave();
  });

  it('looks once, however many replicas there are', async () => {
    const replica = await startTestService({
      sandbox: false,
      databaseUrl: service.databaseUrl,
      env: { ...ENV, STRIPE_SECRET_KEY: 'sk_test_replica', STRIPE_API_BASE: sandbox.url },
    });
    await look();
    await poller(replica).drain();
    await service.db.query(`UPDATE tributary.event_poll SET due_at = now() WHERE account = '' AND source = 'v1'`);
    const asked = eventRequests();

    await Promise.all([poller().runOnce(), poller(replica).runOnce()]);
    await replica.stop();

    expect(eventRequests() - asked).toBe(1);
  });

  it('goes on after a failure, and from where it was', async () => {
    sandbox.deliveries.misbehave({ dropRate: 1 });
    await look();
    const customer = await stripe('POST', '/v1/customers', { name: 'during an outage' });
    await sandbox.advance(300);
    const until = (await pollOf()).complete_until;
    for (let n = 0; n < 20; n++) sandbox.faults.add({ kind: 'server_error', path: '/v1/events', times: 1 } as never);

    await look();
    expect(await pollOf()).toMatchObject({ error: expect.any(String), complete_until: until });
    sandbox.faults.clear();
    await look();

    expect(await pollOf()).toMatchObject({ error: null });
    const rows = await service.db.query(`SELECT id FROM tributary.webhook_event WHERE object_id = $1`, [customer.id]);
    expect(rows).toHaveLength(1);
    sandbox.deliveries.misbehave();
  });

  it('says which time is lost when nobody looked for longer than Stripe remembers', async () => {
    sandbox.deliveries.misbehave({ dropRate: 1 });
    await look();
    await sandbox.advance(31 * DAY);

    await look();

    expect((await pollOf()).lost_until).not.toBeNull();
    const { body } = await service.http<{ accounts: Array<{ account: string | null; types: unknown[] }> }>(
      'GET',
      '/v1/billing/freshness?type=customers',
    );
    expect(body.accounts.find(({ account }) => account === null)?.types).toEqual([
      expect.objectContaining({ behindSecondsMax: null, complete: false, reason: 'events_lost' }),
    ]);
    sandbox.deliveries.misbehave();
  });
});
