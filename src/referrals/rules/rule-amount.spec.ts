import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { monthsAfter, periodOf } from './calendar.js';
import type { Reward, Tier } from './reward-rule.js';
import { amountOf, type CountsBefore } from './rule-amount.js';
import { ruleWith } from './rules.fixtures.js';

const NOTHING: CountsBefore = { payments: 0, sales: 0, revenueMinor: 0, firstPaymentAt: null };
const AT = { occurredAt: new Date('2026-03-10T12:00:00Z'), timeZone: 'UTC' };

const paid = (reward: Reward, baseMinor: number, before: Partial<CountsBefore> = {}, at = AT): number =>
  amountOf(ruleWith(reward), { numerator: BigInt(baseMinor), denominator: 1n }, { ...NOTHING, ...before }, at)
    .amountMinor;

describe('tiers', () => {
  const graduated = (tiers: Tier[]): Reward => ({
    type: 'tiered',
    by: 'revenue',
    period: 'ever',
    mode: 'graduated',
    tiers,
  });
  const tiersOf = fc
    .array(fc.record({ step: fc.integer({ min: 1, max: 5_000 }), rateBps: fc.integer({ min: 0, max: 10_000 }) }), {
      minLength: 1,
      maxLength: 5,
    })
    .map((steps) => {
      let from = 0;
      return steps.map(({ step, rateBps }, index) => ({ from: (from += index === 0 ? 0 : step), rateBps }));
    });

  it('that are graduated pay the same for a sale in parts as for the whole, but for the rounding of each', () => {
    fc.assert(
      fc.property(
        tiersOf,
        fc.array(fc.integer({ min: 1, max: 4_000 }), { minLength: 1, maxLength: 8 }),
        (tiers, sales) => {
          let revenueMinor = 0;
          let sum = 0;
          for (const sale of sales) {
            sum += paid(graduated(tiers), sale, { revenueMinor });
            revenueMinor += sale;
          }

          expect(Math.abs(sum - paid(graduated(tiers), revenueMinor))).toBeLessThanOrEqual(sales.length);
        },
      ),
    );
  });

  it('by the number of sales go by those before', () => {
    const reward: Reward = {
      ...{ type: 'tiered', by: 'sales', period: 'ever', mode: 'whole_sale' },
      tiers: [
        { from: 0, amountMinor: 100 },
        { from: 2, amountMinor: 300 },
      ],
    };

    expect([0, 1, 2, 3].map((sales) => paid(reward, 5_000, { sales }))).toEqual([100, 100, 300, 300]);
  });

  it('do not fall below the first when more was taken back than brought', () => {
    expect(paid(graduated([{ from: 0, rateBps: 1_000 }]), 1_000, { revenueMinor: -5_000 })).toBe(100);
  });
});

describe('terms', () => {
  it('end after so many payments', () => {
    const reward: Reward = { type: 'recurring', rateBps: 1_000, payments: 2 };

    expect([0, 1, 2].map((payments) => paid(reward, 1_000, { payments }))).toEqual([100, 100, 0]);
  });

  it('end at the same time of day in the program’s zone, whatever its summer time', () => {
    const reward: Reward = { type: 'recurring', rateBps: 1_000, months: 1 };
    const firstPaymentAt = new Date('2026-03-10T12:00:00Z');
    const at = (instant: string) => ({ occurredAt: new Date(instant), timeZone: 'Europe/Berlin' });

    expect(paid(reward, 1_000, { payments: 1, firstPaymentAt }, at('2026-04-10T10:59:59Z'))).toBe(100);
    expect(paid(reward, 1_000, { payments: 1, firstPaymentAt }, at('2026-04-10T11:00:00Z'))).toBe(0);
  });

  it('end with the last phase that has an end', () => {
    const reward: Reward = {
      type: 'phases',
      phases: [
        { payments: 1, amountMinor: 500 },
        { payments: 1, rateBps: 1_000 },
      ],
    };

    expect([0, 1, 2].map((payments) => paid(reward, 1_000, { payments }))).toEqual([500, 100, 0]);
  });
});

describe('the calendar', () => {
  it.each([
    ['day', '2026-03-29T00:30:00+01:00', '2026-03-28T23:00:00.000Z', '2026-03-29T22:00:00.000Z'],
    ['month', '2026-03-31T23:59:59+02:00', '2026-02-28T23:00:00.000Z', '2026-03-31T22:00:00.000Z'],
    ['quarter', '2026-05-01T00:00:00+02:00', '2026-03-31T22:00:00.000Z', '2026-06-30T22:00:00.000Z'],
  ] as const)('has half-open periods in the program’s zone: %s', (period, at, from, to) => {
    expect(periodOf(new Date(at), period, 'Europe/Berlin')).toEqual({ from: new Date(from), to: new Date(to) });
  });

  it('keeps the last day of short months', () => {
    expect(monthsAfter(new Date('2026-01-31T00:00:00Z'), 1, 'UTC')).toEqual(new Date('2026-02-28T00:00:00Z'));
  });
});
