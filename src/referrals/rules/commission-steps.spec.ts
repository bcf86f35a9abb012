import { describe, expect, it } from '@jest/globals';
import { commissionFor } from './commission-rules.js';
import { stepsOf } from './commission-steps.js';
import { DEFAULT_POLICIES } from './program-policies.js';
import type { Reward } from './reward-rule.js';
import { sharesOf, type SaleFigures } from './rule-matching.js';
import { FIRST_MOMENT, ruleWith } from './rules.fixtures.js';
import type { MoneyBack } from './taken-back-step.js';

const NOTHING_NAMED = { product: null, price: null, interval: null };
const FIGURES: SaleFigures = {
  currency: 'usd',
  lines: [
    {
      id: 'il_1',
      amountMinor: 10_000,
      discountMinor: 1_000,
      inclusiveTaxMinor: 0,
      exclusiveTaxMinor: 0,
      ...NOTHING_NAMED,
    },
  ],
  shipping: null,
  offStripeMinor: 0,
  totalMinor: 11_400,
  cashMinor: 11_400,
  country: null,
  metadata: {},
};
const SALE = { source: 'invoice' as const, sourceId: 'in_1', occurredAt: '2026-01-01T00:00:00.000Z', currency: 'usd' };
const WHOLE = { state: 'pending' as const, currency: 'usd', amountMinor: 1_800, reversedMinor: 0, netMinor: 1_800 };

function steps(figures: SaleFigures, reward: Reward, commission = WHOLE, back: MoneyBack | null = null): string[] {
  const [share] = sharesOf([ruleWith(reward)], figures, FIRST_MOMENT, DEFAULT_POLICIES);
  if (share === undefined) throw new Error('the rule takes every line');
  const before = { payments: 0, sales: 0, revenueMinor: 0, firstPaymentAt: null };
  const { explanation } = commissionFor(share, figures, {
    ...FIRST_MOMENT,
    before,
    caps: [],
    timeZone: 'UTC',
    exchange: null,
  });
  return stepsOf(
    commission,
    SALE,
    {
      ...explanation,
      eventId: 'evt_1',
      dueAt: '2026-01-31T00:00:00.000Z',
      programVersion: 2,
    },
    back,
  );
}

describe('the steps of a commission', () => {
  it('say every figure of the sum', () => {
    expect(steps(FIGURES, { type: 'percentage', rateBps: 2_000 })).toEqual([
      'The invoice in_1 was paid at 2026-01-01T00:00:00.000Z: 114.00 USD of 114.00 USD was collected.',
      'The event evt_1 told of it.',
      'Line il_1: 100.00 USD less 10.00 USD discount counts as 90.00 USD.',
      'Together the lines come to 90.00 USD.',
      'The share paid in cash is 11400 / 11400 (114.00 USD of 114.00 USD).',
      'Version 2 of the program, rule reward, pays 20 % (2000 basis points) of 90.00 USD.',
      'Together that is 1800 / 1, which is a whole number and needs no rounding: 18.00 USD.',
      'It may be paid from 2026-01-31T00:00:00.000Z on.',
    ]);
  });

  it('say that it was rounded, and what was taken back', () => {
    const lines = [
      {
        id: 'il_1',
        amountMinor: 750,
        discountMinor: 0,
        inclusiveTaxMinor: 119,
        exclusiveTaxMinor: 0,
        ...NOTHING_NAMED,
      },
    ];
    const figures = { ...FIGURES, lines, totalMinor: 750, cashMinor: 500 };
    const taken = { ...WHOLE, amountMinor: 34, reversedMinor: 12, netMinor: 22 };

    const all = steps(figures, { type: 'percentage', rateBps: 820 }, taken);

    expect(all).toContain('Line il_1: 7.50 USD less 1.19 USD tax contained in it counts as 6.31 USD.');
    expect(all).toContain(
      'Version 2 of the program, rule reward, pays 8.2 % (820 basis points) of 1262 / 3 minor units.',
    );
    expect(all).toContainEqual(
      expect.stringMatching(/rounded once to the nearest whole number, halves away from zero: 0\.34 USD\.$/),
    );
    expect(all.at(-1)).toBe('0.12 USD of it was taken back, which leaves 0.22 USD.');
  });

  it('say what took something back, with the sum', () => {
    const reward: Reward = { type: 'percentage', rateBps: 2_000 };
    const last = (reversedMinor: number, ...out: MoneyBack['sources']) => {
      const outMinor = out.reduce((sum, { minor }) => sum + minor, 0);
      const taken = { ...WHOLE, reversedMinor, netMinor: 1_800 - reversedMinor };
      return steps(FIGURES, reward, taken, { cashMinor: 11_400, outMinor, sources: out }).at(-1);
    };
    const refund = { id: 're_1', minor: 1_900, at: '2026-01-03T00:00:00.000Z' };

    expect(last(300, refund)).toBe(
      '19.00 USD of the 114.00 USD collected went back (re_1, 19.00 USD on 2026-01-03T00:00:00.000Z): 1800 × 1900 / 11400 = 300, so 3.00 USD of it was taken back, which leaves 15.00 USD.',
    );
    expect(last(316, refund, { id: null, minor: 100, at: null })).toBe(
      '20.00 USD of the 114.00 USD collected went back (re_1, 19.00 USD on 2026-01-03T00:00:00.000Z; 1.00 USD): 1800 × 2000 / 11400 = 3600000 / 11400, rounded to 316, so 3.16 USD of it was taken back, which leaves 14.84 USD.',
    );
    expect(last(1_800, refund)).toBe('18.00 USD of it was taken back, which leaves 0.00 USD.');
  });

  it('say a flat reward, and that nothing is earned without cash', () => {
    const flat: Reward = { type: 'one_time', amountMinor: 2_500 };

    expect(steps(FIGURES, flat)).toEqual(
      expect.arrayContaining([
        'Version 2 of the program, rule reward, pays 25.00 USD.',
        'It is for the customer’s first sale: 25.00 USD.',
      ]),
    );
    expect(steps({ ...FIGURES, cashMinor: 0 }, flat)).toContain(
      'Nothing was collected that a commission is paid on, so it is 0.00 USD.',
    );
  });

  it('say why a net below zero counts as zero', () => {
    const lines = [
      { id: 'il_1', amountMinor: -500, discountMinor: 0, inclusiveTaxMinor: 0, exclusiveTaxMinor: 0, ...NOTHING_NAMED },
    ];

    expect(steps({ ...FIGURES, lines }, { type: 'percentage', rateBps: 2_000 })).toContain(
      'Together the lines come to 0.00 USD, because a sum below zero counts as zero.',
    );
  });
});
