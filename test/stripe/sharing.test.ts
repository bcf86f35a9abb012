import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import {
  AHEAD_SECONDS,
  BURST_SECONDS,
  FLOOR_REACH_SECONDS,
  FLOOR_SHARE,
  SlotSchedule,
  type Ask,
} from '../../src/stripe/slot-schedule.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { countWithin, flood, mostWithin, Replicas } from './replicas.js';

const PER_SECOND = 100;
const FLOOD_MS = 1_800;
/** After the start a connection and the first lease must be made; before the end nobody new comes. */
const EDGE_MS = 200;
/**
 * What may arrive beyond the rate within a second: slots that were left over, and requests that a busy machine delivers
 * late; a stop of the server (in this process, too) of a quarter of a second brings a quarter more. Two that did not share
 * would bring twice as many.
 */
const LATE_SECONDS = 0.25;
const MOST_IN_A_SECOND = PER_SECOND * (1 + BURST_SECONDS + LATE_SECONDS);
/**
 * A quiet machine reaches 98 %; the slots of every stretch in which it stood still for longer than they may be late are
 * lost, and on two busy cores that happens.
 */
const LEAST_SHARE = 0.85;

let replicas: Replicas;
beforeAll(async () => {
  replicas = await Replicas.open();
});
afterEach(() => replicas.reset());
afterAll(() => replicas.close());

/** Requests a second, as the server saw them, without the edges. */
function ratePerSecond(startedAtMs: number): number {
  const [from, to] = [startedAtMs + EDGE_MS, startedAtMs + FLOOD_MS - EDGE_MS];
  return countWithin(replicas.arrivals, from, to) / ((to - from) / 1_000);
}

describe('the limit of all requests', () => {
  it('is used by one process alone, and not exceeded', async () => {
    const alone = await replicas.start({ requestsPerSecond: PER_SECOND });
    const startedAtMs = performance.now();

    await flood(alone, { priority: 'bulk', forMs: FLOOD_MS, mark: 1 });

    expect(ratePerSecond(startedAtMs)).toBeGreaterThanOrEqual(PER_SECOND * LEAST_SHARE);
    expect(mostWithin(replicas.arrivals, 1_000)).toBeLessThanOrEqual(MOST_IN_A_SECOND);
  });

  it('is shared by two processes on one database, used and not exceeded', async () => {
    const one = await replicas.start({ requestsPerSecond: PER_SECOND });
    const two = await replicas.start({ requestsPerSecond: PER_SECOND });
    const startedAtMs = performance.now();

    await Promise.all([
      flood(one, { priority: 'bulk', forMs: FLOOD_MS, mark: 1 }),
      flood(two, { priority: 'bulk', forMs: FLOOD_MS, mark: 2 }),
    ]);

    expect(ratePerSecond(startedAtMs)).toBeGreaterThanOrEqual(PER_SECOND * LEAST_SHARE);
    expect(mostWithin(replicas.arrivals, 1_000)).toBeLessThanOrEqual(MOST_IN_A_SECOND);
    // Nobody is promised half, but nobody is left out either.
    for (const mark of [1, 2]) {
      const own = replicas.arrivals.filter(({ query }) => query === `limit=${mark}`).length;
      expect(own).toBeGreaterThanOrEqual(replicas.arrivals.length * 0.2);
    }
  });

  it('does not let a process begin with a burst', async () => {
    const idle = await replicas.start({ requestsPerSecond: PER_SECOND });

    await flood(idle, { priority: 'interactive', forMs: 300, mark: 1 });

    const first = replicas.arrivals[0]?.atMs ?? 0;
    expect(countWithin(replicas.arrivals, first, first + 100)).toBeLessThanOrEqual(
      PER_SECOND * (0.1 + BURST_SECONDS + LATE_SECONDS),
    );
  });

  it('keeps each endpoint within its own', async () => {
    const { gateway, workspaceId } = await replicas.start({ requestsPerSecond: PER_SECOND, endpointPerSecond: 20 });

    const asked = Array.from({ length: 25 }, () => gateway.get(workspaceId, '/v1/charges', { priority: 'bulk' }));
    const startedAtMs = performance.now();
    const other = gateway.get(workspaceId, '/v1/customers', { priority: 'bulk' }).then(() => performance.now());

    expect((await other) - startedAtMs).toBeLessThan(500);
    await Promise.all(asked);
    const charges = replicas.arrivals.filter(({ path }) => path === '/v1/charges');
    expect(mostWithin(charges, 1_000)).toBeLessThanOrEqual(20 * (1 + LATE_SECONDS) + 2);
  });
});

describe('a process that is cut off from the database', () => {
  it('goes on with its share, and comes back', async () => {
    const url = new URL(replicas.database.url);
    const proxy = await TcpProxy.to(url.hostname, Number(url.port));
    url.hostname = '127.0.0.1';
    url.port = String(proxy.port);
    const cutOff = await replicas.start({ requestsPerSecond: PER_SECOND }, { databaseUrl: url.href });
    const other = await replicas.start({ requestsPerSecond: PER_SECOND });
    // Both are seen, so the share is a half.
    await other.gateway.get(other.workspaceId, '/v1/charges');
    await cutOff.gateway.get(cutOff.workspaceId, '/v1/charges');
    replicas.arrivals.length = 0;
    proxy.refuse();

    await flood(cutOff, { priority: 'bulk', forMs: 1_200, mark: 1 });

    const half = PER_SECOND / 2;
    expect(mostWithin(replicas.arrivals, 1_000)).toBeLessThanOrEqual(half * (1 + LATE_SECONDS) + 2);
    expect(replicas.arrivals.length).toBeGreaterThanOrEqual(half * 0.6);

    proxy.pass();
    await expect(cutOff.gateway.get(cutOff.workspaceId, '/v1/charges')).resolves.toBeDefined();
    await cutOff.stop();
    await proxy.close();
  });
});

describe('what the database hands out', () => {
  it('is what the same arithmetic hands out in a process alone', async () => {
    const asks: Ask[] = [
      { endpoint: 'GET /v1/a', priority: 'refetch', wanted: 7, rate: 24 },
      { endpoint: 'GET /v1/b', priority: 'refetch', wanted: 60, rate: 200 },
      { endpoint: 'GET /v1/b', priority: 'interactive', wanted: 3, rate: 200 },
      { endpoint: 'GET /v1/a', priority: 'bulk', wanted: 9, rate: 24 },
      { endpoint: 'GET /v1/c', priority: 'bulk', wanted: 9, rate: 0.5 },
    ];
    const lease = JSON.stringify({
      rate: 80,
      burst: BURST_SECONDS,
      floorShare: FLOOR_SHARE,
      floorReach: FLOOR_REACH_SECONDS,
      asks: asks.map((ask) => ({ ...ask, ahead: AHEAD_SECONDS[ask.priority] })),
    });

    const [row] = await replicas.database.dataSource.query<[{ lease: { grants: object[] } }]>(
      `SELECT tributary.lease_stripe_slots('ws_arithmetic', $1::jsonb) AS lease`,
      [lease],
    );

    const expected = new SlotSchedule().lease(asks, 80, 1_000).map(({ from, ownFrom, ...counts }) => ({
      ...counts,
      // The database keeps microseconds.
      from: expect.closeTo(from, 4),
      ownFrom: expect.closeTo(ownFrom, 4),
    }));
    expect(row.lease.grants).toEqual(expected);
    expect(expected.map(({ granted }) => granted)).toEqual([7, 30, 1, 0, 1].map(() => expect.any(Number)));
  });
});
