import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { CUT_TO_SHARE } from '../../src/stripe/adaptive-limit.js';
import { countWithin, flood, Replicas, type Replica } from './replicas.js';

const PER_SECOND = 100;
const FIGURES = { requestsPerSecond: PER_SECOND, endpointPerSecond: 1_000 };

let replicas: Replicas;
beforeAll(async () => {
  replicas = await Replicas.open();
});
afterEach(() => replicas.reset());
afterAll(() => replicas.close());

interface LimitRow {
  endpoint: string;
  rate: number | null;
  flights: number | null;
}

const cutLimits = (): Promise<LimitRow[]> =>
  replicas.database.dataSource.query<LimitRow[]>(
    `SELECT endpoint, rate_cut_to AS rate, flights_cut_to AS flights FROM tributary.stripe_limit
      WHERE rate_cut_to IS NOT NULL OR flights_cut_to IS NOT NULL`,
  );

async function cutsAfter(reason: string | undefined, replica: Replica): Promise<LimitRow[]> {
  replicas.sandbox.faults.add({ kind: 'rate_limit', method: 'GET', path: '/v1/charges', reason });
  const { gateway, workspaceId } = replica;
  await gateway.get(workspaceId, '/v1/charges');
  // The cut is told beside the request; the retry has passed through the database after it.
  await gateway.get(workspaceId, '/v1/charges');
  return cutLimits();
}

/** The named figure, summed over the labels that fit. */
async function figure({ metrics }: Replica, name: string, labels: Record<string, string> = {}): Promise<number> {
  const found = await metrics.registry.getSingleMetric(name)?.get();
  const fitting = found?.values.filter(({ labels: own }) =>
    Object.entries(labels).every(([label, value]) => (own as Record<string, unknown>)[label] === value),
  );
  return fitting?.reduce((sum, { value }) => sum + value, 0) ?? 0;
}

describe('a 429', () => {
  it.each([
    ['global-rate', [{ endpoint: '', rate: PER_SECOND * CUT_TO_SHARE, flights: null }]],
    ['endpoint-rate', [{ endpoint: 'GET /v1/charges', rate: 1_000 * CUT_TO_SHARE, flights: null }]],
    ['global-concurrency', [{ endpoint: '', rate: null, flights: 1 }]],
    ['endpoint-concurrency', [{ endpoint: 'GET /v1/charges', rate: null, flights: 1 }]],
    // Not known today: the safest is to slow down.
    ['lunar-rate', [{ endpoint: '', rate: PER_SECOND * CUT_TO_SHARE, flights: null }]],
  ])('for %s cuts what it names', async (reason, expected) => {
    const replica = await replicas.start(FIGURES);

    const cuts = await cutsAfter(reason, replica);

    expect(cuts).toEqual(expected.map(({ rate, ...cut }) => ({ ...cut, rate: rate && expect.closeTo(rate) })));
    const known = reason === 'lunar-rate' ? 'other' : reason;
    expect(await figure(replica, 'tributary_stripe_rate_limited_total', { reason: known })).toBe(1);
    expect(await figure(replica, 'tributary_stripe_requests_total', { outcome: 'rate_limited' })).toBe(1);
  });

  it('for one resource only makes this request wait longer', async () => {
    const replica = await replicas.start(FIGURES);
    const startedAt = performance.now();

    const cuts = await cutsAfter('resource-specific', replica);

    expect(cuts).toEqual([]);
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(1_000);
  });

  it('slows down the other processes too, which then come back', async () => {
    const [refused, other] = [await replicas.start(FIGURES), await replicas.start(FIGURES)];
    await cutsAfter('global-rate', refused);
    const startedAt = performance.now();

    await flood(other, { priority: 'bulk', forMs: 1_300, mark: 1 });

    const sent = countWithin(replicas.arrivals, startedAt + 200, startedAt + 1_200);
    // Cut to 70, and about 1.7 more each second since.
    expect(sent).toBeLessThanOrEqual(PER_SECOND * 0.85);
    expect(sent).toBeGreaterThanOrEqual(PER_SECOND * 0.5);
    const allowed = await figure(other, 'tributary_stripe_allowed_requests_per_second');
    expect(allowed).toBeGreaterThan(PER_SECOND * CUT_TO_SHARE);
    expect(allowed).toBeLessThan(PER_SECOND * 0.85);
  });

  it('for concurrency leaves that many under way at once', async () => {
    const replica = await replicas.start(FIGURES);
    await cutsAfter('global-concurrency', replica);
    replicas.sandbox.faults.add({ kind: 'latency', path: '/v1/*', latencyMs: 100, rate: 1 });
    let [underWay, most] = [0, 0];
    const { requests } = replicas.sandbox;
    const add = requests.add.bind(requests);
    requests.add = (entry) => {
      add(entry);
      most = Math.max(most, ++underWay);
      // The answer takes its latency; by then the next may have begun.
      setTimeout(() => underWay--, 95);
    };

    await flood(replica, { priority: 'bulk', forMs: 800, mark: 1, abreast: 8 });
    requests.add = add;

    // One, and two once the limit has come back by a request.
    expect(most).toBeLessThanOrEqual(3);
    expect(replicas.arrivals.length).toBeGreaterThanOrEqual(5);
  });
});
