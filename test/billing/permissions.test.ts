import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { StripeSandbox } from '../../sandbox/stripe-sandbox.js';
import type { PermissionsView } from '../../src/billing/truth/dto/permissions.dto.js';
import type { PollingWorker } from '../../src/common/background-worker.js';
import { drain, drainWithRefetches, randomId } from '../support/stripe-events.js';
import { startTestService, type TestService } from '../support/test-service.js';

const KEY = 'rk_test_narrow';

let home: TestService;
let sandbox: StripeSandbox;
/** The same database with a key that may not see charges, refunds and events. */
let narrow: TestService;
beforeAll(async () => {
  home = await startTestService({ sandbox: true });
  sandbox = home.sandbox as unknown as StripeSandbox;
  sandbox.restrictKey(KEY, { '*': 'read', charges: 'none', disputes: 'none', events: 'none' });
  narrow = await startTestService({
    sandbox: false,
    env: { STRIPE_SECRET_KEY: KEY, STRIPE_API_BASE: sandbox.url, STRIPE_REQUESTS_PER_SECOND: '2000' },
  });
});
afterAll(async () => {
  await narrow?.stop();
  await home?.stop();
});

const probe = async (service: TestService): Promise<PermissionsView> =>
  (await service.http<PermissionsView>('GET', '/v1/billing/permissions')).body;

const listOf = ({ lists }: PermissionsView, type: string) => lists.find((list) => list.type === type);

describe('GET /v1/billing/permissions', () => {
  it('finds nothing missing for a secret key, at one request a list', async () => {
    sandbox.requests.clear();
    const view = await probe(home);

    expect(view).toMatchObject({ keyKind: 'sk', complete: true, missing: [] });
    expect(view.lists.filter(({ state }) => state === 'failed')).toEqual([]);
    expect(sandbox.requests.list({ method: 'GET' }).length).toBeLessThanOrEqual(view.lists.length);
  });

  it('names what a restricted key lacks and what suffers, and never the key', async () => {
    const view = await probe(narrow);

    expect(view).toMatchObject({ keyKind: 'rk', complete: false });
    expect(listOf(view, 'charges')).toMatchObject({ state: 'denied', missing: ['rak_charge_read'] });
    expect(listOf(view, 'charges')?.needed.join()).toContain('commissions');
    expect(listOf(view, 'events')).toMatchObject({ state: 'denied', missing: ['rak_event_read'] });
    expect(listOf(view, 'customers')).toMatchObject({ state: 'allowed', missing: [] });
    expect(view.missing).toEqual(expect.arrayContaining(['rak_charge_read', 'rak_event_read']));
    expect(JSON.stringify(view)).not.toContain(KEY);
  });

  it('is refused without the scope', async () => {
    const key = await home.newKey(['referrals:read']);

    const answer = await home.http('GET', '/v1/billing/permissions', undefined, { authorization: `Bearer ${key}` });
    expect(answer.status).toBe(403);
  });
});

describe('a restricted key', () => {
  it('lets everything else go on: polling, sweeping, verifying', async () => {
    await (narrow.workers.get('events-poller') as PollingWorker).drain();
    const [poll] = await narrow.db.query<Array<{ error: string }>>(
      `SELECT error FROM tributary.event_poll WHERE account = '' AND source = 'v1'`,
    );
    expect(poll?.error).toEqual(expect.any(String));

    const made = await narrow.http<{ id: string }>(
      'POST',
      '/v1/billing/verifications',
      { types: ['charges', 'customers'] },
      { 'idempotency-key': randomId('key') },
    );
    await (narrow.workers.get('verifications') as PollingWorker).drain();
    const { body } = await narrow.http<{ state: string; agrees: boolean; results: Array<Record<string, unknown>> }>(
      'GET',
      `/v1/billing/verifications/${made.body.id}`,
    );

    expect(body.state).toBe('done');
    expect(body.agrees).toBe(false);
    expect(body.results.find(({ table }) => table === 'charges')).toMatchObject({
      skipped: 'permission_missing',
      agree: 0,
    });
    expect(body.results.find(({ table }) => table === 'customers')).toMatchObject({ skipped: null });
    await drain(narrow);
    await drainWithRefetches(narrow);
  });
});
