import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { AHEAD_SECONDS, FLOOR_SHARE } from '../../src/stripe/slot-schedule.js';
import { flood, Replicas } from './replicas.js';

const PER_SECOND = 50;
/** Wide, so that the order alone decides and no endpoint's own limit. */
const FIGURES = { requestsPerSecond: PER_SECOND, endpointPerSecond: 1_000 };
const FLOOD_MS = 1_500;
/** What the two busy cores may add to a wait: twice the lateness that a slot may have. */
const SLACK_MS = 200;

let replicas: Replicas;
beforeAll(async () => {
  replicas = await Replicas.open();
});
afterEach(() => replicas.reset());
afterAll(() => replicas.close());

const sentBy = (mark: number): number => replicas.arrivals.filter(({ query }) => query === `limit=${mark}`).length;

/** Waits, one after the other, of requests that are sent while others flood. */
async function waitsOf(ask: () => Promise<unknown>, forMs: number): Promise<number[]> {
  const waits: number[] = [];
  const until = performance.now() + forMs;
  while (performance.now() < until) {
    const askedAt = performance.now();
    await ask();
    waits.push(performance.now() - askedAt);
  }
  return waits;
}

const median = (values: number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Infinity;

describe('what a webhook waits for', () => {
  it.each(['the same process', 'another process'])('goes before the bulk of %s', async (whose) => {
    const bulky = await replicas.start(FIGURES);
    const { gateway, workspaceId } = whose === 'the same process' ? bulky : await replicas.start(FIGURES);
    const bulk = flood(bulky, { priority: 'bulk', forMs: FLOOD_MS, mark: 1, abreast: 60 });

    const waits = await waitsOf(
      () => gateway.get(workspaceId, '/v1/events?limit=2', { priority: 'refetch' }),
      FLOOD_MS - 300,
    );
    await bulk;

    // In its line the bulk waits for more than a second: 60 abreast at 50 a second.
    expect(median(waits)).toBeLessThan(AHEAD_SECONDS.bulk * 1_000 + SLACK_MS);
    expect(sentBy(1)).toBeGreaterThan(PER_SECOND * 0.5);
  });

  it('takes most of what there is when it needs it, and leaves bulk and people their floor', async () => {
    const [webhooks, others] = [await replicas.start(FIGURES), await replicas.start(FIGURES)];

    await Promise.all([
      flood(webhooks, { priority: 'refetch', forMs: FLOOD_MS, mark: 1 }),
      flood(others, { priority: 'interactive', forMs: FLOOD_MS, mark: 2, abreast: 5 }),
      flood(others, { priority: 'bulk', forMs: FLOOD_MS, mark: 3, abreast: 5 }),
    ]);

    const all = replicas.arrivals.length;
    expect(sentBy(1)).toBeGreaterThan(all * 0.55);
    for (const low of [2, 3]) expect(sentBy(low)).toBeGreaterThanOrEqual(Math.floor(all * FLOOR_SHARE * 0.4));
  });

  it('goes before people, and people before bulk, in one process', async () => {
    const { gateway, workspaceId } = await replicas.start({ ...FIGURES, requestsPerSecond: 10 });
    const order: string[] = [];
    const ask = async (priority: 'refetch' | 'interactive' | 'bulk'): Promise<void> => {
      await gateway.get(workspaceId, '/v1/charges', { priority });
      order.push(priority);
    };

    await Promise.all([ask('bulk'), ask('bulk'), ask('bulk'), ask('interactive'), ask('refetch')]);

    expect(order.slice(0, 2)).toEqual(['refetch', 'interactive']);
  });
});

describe('a request that finds no room', () => {
  it('is given up after a time, by name, and was never sent', async () => {
    const { gateway, workspaceId } = await replicas.start({
      requestsPerSecond: 1,
      waitMaxMs: { refetch: 300, interactive: 300, bulk: 300 },
    });

    const results = await Promise.allSettled([1, 2, 3, 4].map(() => gateway.get(workspaceId, '/v1/charges')));

    const refused = results.filter((result) => result.status === 'rejected');
    expect(refused.length).toBeGreaterThanOrEqual(2);
    for (const { reason } of refused) {
      expect(reason).toMatchObject({ kind: 'unavailable', code: 'stripe_queue_full', retryAfterSeconds: 5 });
    }
    expect(replicas.arrivals).toHaveLength(results.length - refused.length);
  });

  it('is given up when the service stops', async () => {
    const { gateway, workspaceId } = await replicas.start({ requestsPerSecond: 1 });
    await gateway.get(workspaceId, '/v1/charges');
    const waiting = gateway.get(workspaceId, '/v1/charges', { priority: 'bulk' });

    gateway.onApplicationShutdown();

    await expect(waiting).rejects.toMatchObject({ kind: 'unavailable', code: 'stopping' });
    await expect(gateway.get(workspaceId, '/v1/charges')).rejects.toMatchObject({ code: 'stopping' });
  });
});
