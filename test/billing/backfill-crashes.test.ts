import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PollingWorker } from '../../src/common/background-worker.js';
import { ChildService, type Failpoint, type FailpointName } from '../support/child-service.js';
import { startTestService, type TestService } from '../support/test-service.js';
import { differences, finish, many, order, sandboxOf, stripe } from './backfill-world.js';

const TYPES = ['charges', 'customers', 'coupons', 'products'];
const CHARGES = 1_200;
const REQUESTS_PER_SECOND = '5000';

let service: TestService;
let dataDir: string;
let children: ChildService[] = [];

beforeAll(async () => {
  service = await startTestService({ env: { STRIPE_REQUESTS_PER_SECOND: REQUESTS_PER_SECOND } });
  dataDir = mkdtempSync(join(tmpdir(), 'tributary-backfill-'));
  const sandbox = sandboxOf(service);
  sandbox.deliveries.hold();
  sandbox.putObjects(many('charge', CHARGES));
  sandbox.putObjects(many('customer', 250));
  sandbox.putObjects(many('coupon', 130));
  const { id: account } = await stripe(sandbox, 'POST', '/v1/accounts', { type: 'express', country: 'DE' });
  sandbox.putObjects(many('customer', 150), { account });
});
afterEach(async () => {
  for (const child of children) await child.end();
  children = [];
});
afterAll(async () => {
  await service?.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

/** A worker in a process of its own, beside the sandbox of this one. */
function startChild(failpoint?: Failpoint): ChildService {
  const env = {
    TRIBUTARY_ROLE: 'worker',
    STRIPE_SECRET_KEY: 'sk_test_child',
    STRIPE_API_BASE: sandboxOf(service).url,
    STRIPE_REQUESTS_PER_SECOND: REQUESTS_PER_SECOND,
  };
  const child = new ChildService({ databaseUrl: service.databaseUrl, dataDir, env, failpoint });
  children.push(child);
  return child;
}

async function emptyMirror(): Promise<void> {
  await service.db.query(`TRUNCATE stripe.charges, stripe.customers, stripe.coupons, stripe.products, stripe.accounts`);
  sandboxOf(service).requests.clear();
}

/** What is leased to the dead is free again, as after the lease's time. Answers how many tasks there were of it. */
async function leasesEnd(): Promise<number> {
  const [, count] = await service.db.query<[unknown, number]>(
    `UPDATE tributary.backfill_task SET leased_until = now() WHERE lease_token IS NOT NULL AND state = 'open'`,
  );
  return count;
}

/** How often each page was asked for, by its whole address. */
function pagesAsked(): number[] {
  const times = new Map<string, number>();
  for (const { path, query, account } of sandboxOf(service).requests.list({ method: 'GET' })) {
    if (path === '/v1/account') continue;
    const page = `${account} ${path}?${query}`;
    times.set(page, (times.get(page) ?? 0) + 1);
  }
  return [...times.values()];
}

const POINTS: readonly FailpointName[] = ['before the commit of a page', 'after the commit of a page'];

describe('a backfill whose process is killed', () => {
  it.each(POINTS.flatMap((name) => [0, 2, 7].map((passes) => [name, passes] as const)))(
    '%s, %i pages later, goes on where it was: nothing is lost and no page in vain',
    async (name, passes) => {
      await emptyMirror();
      const job = await order(service, { types: TYPES });

      await expect(startChild({ name, passes, signal: 'SIGKILL' }).exited).resolves.toBe('SIGKILL');
      const underWay = await leasesEnd();
      const done = await finish(service, job.id);

      expect(done).toMatchObject({ state: 'done', problems: [] });
      expect(await differences(service, (object) => ['charge', 'customer', 'coupon'].includes(object))).toEqual([]);
      const times = pagesAsked();
      expect(Math.max(...times)).toBeLessThanOrEqual(2);
      // Of each task the page that was being written, and the next one that was fetched meanwhile.
      expect(times.filter((count) => count > 1).length).toBeLessThanOrEqual(2 * underWay);
      const charges = done.byType.find(({ type }) => type === 'charges');
      expect(charges).toMatchObject({ objects: CHARGES, added: CHARGES });
    },
    180_000,
  );

  it('stops well when it is asked to: what it holds is free at once, and no page is asked for twice', async () => {
    await emptyMirror();
    const job = await order(service, { types: TYPES });
    sandboxOf(service).faults.add({ kind: 'latency', path: '/v1/charges', latencyMs: 150, times: 100 });
    const child = startChild();
    await until(() => Promise.resolve(pagesAsked().length > 6));
    child.signal('SIGTERM');

    await expect(child.exited).resolves.toBe(0);
    const underWay = await leasesEnd();
    sandboxOf(service).faults.clear();
    const done = await finish(service, job.id);

    expect(underWay).toBe(0);
    expect(done).toMatchObject({ state: 'done' });
    expect(Math.max(...pagesAsked())).toBe(1);
    expect(await differences(service, (object) => object === 'charge')).toEqual([]);
  }, 180_000);
});

describe('several replicas', () => {
  it('share the tasks of one job, and none does what another does', async () => {
    await emptyMirror();
    const job = await order(service, { types: TYPES });
    const other = await startTestService({
      sandbox: false,
      databaseUrl: service.databaseUrl,
      env: {
        STRIPE_SECRET_KEY: 'sk_test_replica',
        STRIPE_API_BASE: sandboxOf(service).url,
        STRIPE_REQUESTS_PER_SECOND: REQUESTS_PER_SECOND,
      },
    });
    try {
      const work = async ({ workers }: TestService): Promise<void> => {
        await (workers.get('backfill') as PollingWorker).drain();
      };

      await Promise.all([work(service), work(other)]);
      const done = await finish(service, job.id);

      expect(done).toMatchObject({ state: 'done', problems: [] });
      expect(Math.max(...pagesAsked())).toBe(1);
      expect(done.byType.find(({ type }) => type === 'charges')).toMatchObject({ objects: CHARGES, added: CHARGES });
      expect(await differences(service, (object) => ['charge', 'customer', 'coupon'].includes(object))).toEqual([]);
    } finally {
      await other.stop();
    }
  });

  it('leave a page that they fetched for a task that another one took meanwhile', async () => {
    await emptyMirror();
    const job = await order(service, { types: ['coupons'], account: 'platform' });
    const worker = service.workers.get('backfill') as PollingWorker;
    sandboxOf(service).faults.add({ kind: 'latency', path: '/v1/coupons', latencyMs: 400, times: 1 });

    const working = worker.runOnce();
    await until(async () => (await leased(job.id)) > 0);
    await service.db.query(
      `UPDATE tributary.backfill_task SET lease_token = 'another', leased_until = now() + interval '1 hour'`,
    );
    await working;
    const [row] = await service.db.query<Array<{ n: number }>>(`SELECT count(*)::int AS n FROM stripe.coupons`);
    await leasesEnd();
    const done = await finish(service, job.id);

    expect(row?.n).toBe(0);
    expect(done.byType.find(({ type }) => type === 'coupons')).toMatchObject({ objects: 130, added: 130 });
  });

  it('count a page once when a process that stood still takes its own task a second time', async () => {
    await emptyMirror();
    const job = await order(service, { types: ['coupons'], account: 'platform' });
    sandboxOf(service).faults.add({ kind: 'latency', path: '/v1/coupons', latencyMs: 6_000, times: 1 });

    const working = finish(service, job.id);
    await until(async () => {
      // A beat of the process's own may have come after the last end.
      await leasesEnd();
      return Math.max(0, ...pagesAsked()) > 1;
    });
    const done = await working;

    expect(Math.max(...pagesAsked())).toBeGreaterThan(1);
    expect(done.byType.find(({ type }) => type === 'coupons')).toMatchObject({ objects: 130, added: 130 });
  });
});

async function leased(job: string): Promise<number> {
  const rows = await service.db.query<unknown[]>(
    `SELECT 1 FROM tributary.backfill_task WHERE backfill_id = $1 AND lease_token IS NOT NULL`,
    [job],
  );
  return rows.length;
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  const limit = Date.now() + 20_000;
  while (!(await holds())) {
    if (Date.now() > limit) throw new Error('it did not come about in time');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
