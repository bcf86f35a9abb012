import { describe, expect, it } from '@jest/globals';
import { tierCharges, type TierMode, type TierRule } from './tiers.js';

const SEATS: TierRule[] = [
  { upTo: 5, unitAmount: 700, flatAmount: 1_000 },
  { upTo: 10, unitAmount: 500, flatAmount: null },
  { upTo: null, unitAmount: 300, flatAmount: 200 },
];
const FLAT_ONLY: TierRule[] = [
  { upTo: 10, unitAmount: null, flatAmount: 900 },
  { upTo: null, unitAmount: null, flatAmount: 1_900 },
];
const amount = (tiers: readonly TierRule[], mode: TierMode, quantity: number): number =>
  tierCharges(tiers, mode, quantity).reduce((sum, charge) => sum + charge.quantity * charge.unitAmount, 0);

describe('tiers', () => {
  it.each([
    ['graduated', 0, 1_000],
    ['graduated', 5, 4_500],
    ['graduated', 6, 5_000],
    ['graduated', 12, 7_800],
    ['volume', 0, 1_000],
    ['volume', 5, 4_500],
    ['volume', 6, 3_000],
    ['volume', 12, 3_800],
  ] as const)('%s charge %d units with %d', (mode, quantity, expected) => {
    expect(amount(SEATS, mode, quantity)).toBe(expected);
  });

  it('charge by flat amounts alone, one per tier that is reached', () => {
    expect(amount(FLAT_ONLY, 'graduated', 11)).toBe(2_800);
    expect(amount(FLAT_ONLY, 'volume', 11)).toBe(1_900);
  });

  it('name the tier of each charge, and charge nothing once for nothing', () => {
    expect(tierCharges(SEATS, 'graduated', 6)).toEqual([
      { tier: 1, quantity: 5, unitAmount: 700, isFlat: false },
      { tier: 1, quantity: 1, unitAmount: 1_000, isFlat: true },
      { tier: 2, quantity: 1, unitAmount: 500, isFlat: false },
    ]);
    expect(tierCharges(SEATS.slice(1), 'graduated', 0)).toEqual([
      { tier: 1, quantity: 0, unitAmount: 500, isFlat: false },
    ]);
  });
});
