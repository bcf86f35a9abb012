import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { commissionFor as ruleCommission, dueAt, reversedTotalFor } from './commission-rules.js';
import { DEFAULT_POLICIES } from './program-policies.js';
import type { Reward } from './reward-rule.js';
import { sharesOf, type SaleFigures, type SaleLine } from './rule-matching.js';
import { FIRST_MOMENT, ruleWith } from './rules.fixtures.js';

const percentage = (rateBps: number) => ({ type: 'percentage' as const, rateBps });

function line(amountMinor: number, more: Partial<SaleLine> = {}): SaleLine {
  const thing = { product: null, price: null, interval: null };
  return { id: 'line', amountMinor, discountMinor: 0, inclusiveTaxMinor: 0, exclusiveTaxMinor: 0, ...thing, ...more };
}

function sale(lines: SaleLine[], totalMinor: number, cashMinor = totalMinor): SaleFigures {
  return {
    currency: 'usd',
    lines,
    shipping: null,
    totalMinor,
    cashMinor,
    offStripeMinor: 0,
    country: null,
    metadata: {},
  };
}

/** Of a program with one rule, for a customer's first sale. */
function commissionFor(figures: SaleFigures, reward: Reward) {
  const [share] = sharesOf([ruleWith(reward)], figures, FIRST_MOMENT, DEFAULT_POLICIES);
  if (share === undefined) throw new Error('the rule takes every line');
  const before = { payments: 0, sales: 0, revenueMinor: 0, firstPaymentAt: null };
  return ruleCommission(share, figures, { ...FIRST_MOMENT, before, caps: [], timeZone: 'UTC', exchange: null });
}

const earned = (figures: SaleFigures, rateBps = 2_000): number =>
  commissionFor(figures, percentage(rateBps)).amountMinor;

describe('what a sale earns', () => {
  it('is rounded once, halves away from zero: 750 at 8.2 % is 61.5, so 62 (R1)', () => {
    const { amountMinor, explanation } = commissionFor(sale([line(750)], 750), percentage(820));

    expect(amountMinor).toBe(62);
    expect(explanation).toMatchObject({ rounding: 'half_away_from_zero', netMinor: 750 });
    expect(Number(explanation.exact.numerator) / Number(explanation.exact.denominator)).toBe(61.5);
  });

  it.each([
    ['discounts and taxes are out', sale([line(10_000, { discountMinor: 1_000 })], 11_400), 1_800],
    [
      'tax inside the price is out',
      sale([line(11_900, { inclusiveTaxMinor: 1_900, exclusiveTaxMinor: 0 })], 11_900),
      2_000,
    ],
    ['an upgrade’s lines are netted', sale([line(-1_500), line(5_000)], 3_500), 700],
    ['credit takes its share', sale([line(10_000)], 10_000, 6_000), 1_200],
    ['overpayment adds nothing', sale([line(10_000)], 10_000, 12_000), 2_000],
    ['without cash nothing', sale([line(10_000)], 10_000, 0), 0],
    ['of a total of nothing nothing', sale([line(0)], 0, 0), 0],
    ['a net below zero is zero', sale([line(-5_000), line(1_000)], 100, 100), 0],
  ])('%s (R2)', (_, figures, amountMinor) => {
    expect(earned(figures)).toBe(amountMinor);
  });

  it('is the flat reward whole, once something was collected', () => {
    const flat = { type: 'one_time' as const, amountMinor: 2_500 };

    expect(commissionFor(sale([line(1_900)], 1_900), flat).amountMinor).toBe(2_500);
    expect(commissionFor(sale([line(1_900)], 1_900, 100), flat).amountMinor).toBe(2_500);
    expect(commissionFor(sale([line(1_900)], 1_900, 0), flat).amountMinor).toBe(0);
  });

  it('is exact where a float is not', () => {
    expect(earned(sale([line(9_007_199_254_740_991)], 9_007_199_254_740_991), 10_000)).toBe(9_007_199_254_740_991);
  });

  const amounts = fc.integer({ min: -1_000_000, max: 1_000_000 });
  const sales = fc
    .record({
      lines: fc.array(amounts, { minLength: 1, maxLength: 6 }),
      taxMinor: fc.integer({ min: 0, max: 100_000 }),
      cash: fc.integer({ min: 0, max: 1_200_000 }),
    })
    .map(({ lines, taxMinor, cash }) => {
      const net = lines.reduce((sum, amount) => sum + amount, 0);
      return sale(
        lines.map((amount) => line(amount)),
        Math.max(0, net) + taxMinor,
        cash,
      );
    });
  const rates = fc.integer({ min: 0, max: 10_000 });

  it('is never below zero nor above the net, and its figures say the sum again', () => {
    fc.assert(
      fc.property(sales, rates, (figures, rateBps) => {
        const { amountMinor, explanation } = commissionFor(figures, percentage(rateBps));
        const exact = [BigInt(explanation.exact.numerator), BigInt(explanation.exact.denominator)] as const;

        expect(amountMinor).toBeGreaterThanOrEqual(0);
        expect(amountMinor).toBeLessThanOrEqual(explanation.netMinor);
        const twice = 2n * (BigInt(amountMinor) * exact[1] - exact[0]);
        expect(twice > -exact[1] && twice <= exact[1]).toBe(true);
      }),
    );
  });

  it('does not depend on the order of the lines', () => {
    const shuffled = sales.chain((figures) =>
      fc.tuple(fc.constant(figures), fc.shuffledSubarray(figures.lines, { minLength: figures.lines.length })),
    );
    fc.assert(
      fc.property(shuffled, rates, ([figures, lines], rateBps) => {
        expect(earned({ ...figures, lines }, rateBps)).toBe(earned(figures, rateBps));
      }),
    );
  });

  it('never falls when more is collected', () => {
    fc.assert(
      fc.property(sales, rates, fc.integer({ min: 0, max: 10_000 }), (figures, rateBps, more) => {
        const richer = { ...figures, cashMinor: figures.cashMinor + more };

        expect(earned(richer, rateBps)).toBeGreaterThanOrEqual(earned(figures, rateBps));
      }),
    );
  });
});

describe('what is taken back', () => {
  it('is exactly the whole after any split of a full refund (R3)', () => {
    const splits = fc.array(fc.integer({ min: 1, max: 100_000 }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(splits, fc.integer({ min: 0, max: 1_000_000 }), (refunds, commissionMinor) => {
        const cash = refunds.reduce((sum, refund) => sum + refund, 0);
        let out = 0;
        let takenBack = 0;
        for (const refund of refunds) {
          out += refund;
          const difference = reversedTotalFor(commissionMinor, cash, out) - takenBack;
          expect(difference).toBeGreaterThanOrEqual(0);
          takenBack += difference;
        }

        expect(takenBack).toBe(commissionMinor);
      }),
    );
  });

  it.each([
    ['three refunds of 33 of 99, on a commission of 10', 10, 99, [33, 66, 99], [3, 7, 10]],
    ['more went out than came in', 2_000, 10_000, [12_000], [2_000]],
    ['a dispute was won again', 2_000, 10_000, [10_000, 0], [2_000, 0]],
    ['nothing was collected', 2_000, 0, [100], [0]],
  ])('follows the running total: %s', (_, commissionMinor, cash, outs, totals) => {
    expect(outs.map((out) => reversedTotalFor(commissionMinor, cash, out))).toEqual(totals);
  });
});

it('is due after days of 24 hours, whatever the summer time', () => {
  expect(dueAt(new Date('2026-03-15T12:00:00Z'), 30)).toEqual(new Date('2026-04-14T12:00:00Z'));
  expect(dueAt(new Date('2026-01-01T00:00:00Z'), 0)).toEqual(new Date('2026-01-01T00:00:00Z'));
});
