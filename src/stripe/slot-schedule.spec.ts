import { describe, expect, it } from '@jest/globals';
import {
  AHEAD_SECONDS,
  BURST_SECONDS,
  FLOOR_SHARE,
  SlotSchedule,
  timesOf,
  type Ask,
  type RequestPriority,
} from './slot-schedule.js';

const RATE = 100;
const LEASE_EVERY_SECONDS = 0.1;

function ask(priority: RequestPriority, wanted: number, { endpoint = 'GET /v1/charges', rate = 1_000 } = {}): Ask {
  return { endpoint, priority, wanted, rate };
}

/** Sending times, in seconds, of asks that are repeated through `seconds`; one list for each. */
function play(asks: readonly Ask[], seconds: number, rate = RATE): number[][] {
  const schedule = new SlotSchedule();
  const sent: number[][] = asks.map(() => []);
  for (let tick = 0; tick * LEASE_EVERY_SECONDS < seconds; tick++) {
    const now = 1_000 + tick * LEASE_EVERY_SECONDS;
    schedule.lease(asks, rate, now).forEach((grant, i) => {
      const ownRate = asks[i]?.rate ?? rate;
      sent[i]?.push(...timesOf(grant, rate, ownRate).map((at) => now + at - 1_000));
    });
  }
  return sent.map((times) => times.filter((at) => at < seconds));
}

/** The most that any stretch of one second holds. */
function mostWithinASecond(times: readonly number[]): number {
  const sorted = [...times].sort((a, b) => a - b);
  return Math.max(...sorted.map((from) => sorted.filter((at) => at >= from && at < from + 1).length));
}

describe('slots', () => {
  it('are used up to the last by one who always wants more', () => {
    const [sent = []] = play([ask('bulk', 1_000)], 10);

    expect(sent.length).toBeGreaterThanOrEqual(10 * RATE);
    expect(mostWithinASecond(sent)).toBeLessThanOrEqual(RATE * (1 + BURST_SECONDS) + 1);
  });

  it('give no burst of a whole second at the start', () => {
    const [sent = []] = play([ask('refetch', 1_000)], 1);

    expect(sent.filter((at) => at === 0).length).toBeLessThanOrEqual(RATE * BURST_SECONDS + 1);
  });

  it('keep an endpoint within its own limit and leave the rest to others', () => {
    const [narrow = [], wide = []] = play(
      [ask('bulk', 1_000, { endpoint: 'GET /v1/invoices', rate: 24 }), ask('bulk', 1_000)],
      10,
    );

    expect(mostWithinASecond(narrow)).toBeLessThanOrEqual(24 * (1 + BURST_SECONDS) + 1);
    expect(narrow.length).toBeGreaterThanOrEqual(10 * 24 * 0.95);
    expect(mostWithinASecond([...narrow, ...wide])).toBeLessThanOrEqual(RATE * (1 + BURST_SECONDS) + 1);
    expect(narrow.length + wide.length).toBeGreaterThanOrEqual(10 * RATE);
  });

  it('go to a refetch before bulk can have taken more than its reach', () => {
    const schedule = new SlotSchedule();
    schedule.lease([ask('bulk', 1_000)], RATE, 1_000);

    const [refetch] = schedule.lease([ask('refetch', 1)], RATE, 1_000.001);

    expect(refetch?.granted).toBe(1);
    expect(refetch?.from).toBeLessThanOrEqual(AHEAD_SECONDS.bulk + 1 / RATE);
  });

  it('leave interactive and bulk their floor when refetches would take everything', () => {
    const [refetch = [], interactive = [], bulk = []] = play(
      [ask('refetch', 1_000), ask('interactive', 1_000), ask('bulk', 1_000)],
      10,
    );

    // One lease can hand out one slot of the floor, so the cadence of leases rounds the share down.
    for (const low of [interactive, bulk]) expect(low.length).toBeGreaterThanOrEqual(10 * RATE * FLOOR_SHARE * 0.5);
    expect(refetch.length).toBeGreaterThanOrEqual(10 * RATE * (1 - 2 * FLOOR_SHARE));
  });

  it('come one by one at a rate of less than one in the reach', () => {
    const [sent = []] = play([ask('bulk', 10, { rate: 1 })], 10, 1);

    expect(sent.length).toBeGreaterThanOrEqual(9);
    expect(mostWithinASecond(sent)).toBeLessThanOrEqual(2);
  });
});
