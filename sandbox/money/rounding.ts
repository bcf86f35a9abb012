import { divideHalfAwayFromZero } from '../../src/common/money.js';

/** Stripe's percentages have up to four digits behind the point. */
const PERCENT_SCALE = 10_000;

/** A percentage as an exact integer: 12.5 is 125000. */
const scaled = (percent: number): bigint => BigInt(Math.round(percent * PERCENT_SCALE));
const WHOLE = 100n * BigInt(PERCENT_SCALE);

/** `percent` % of an amount, rounded half away from zero. */
export function percentOf(amount: number, percent: number): number {
  return Number(divideHalfAwayFromZero(BigInt(amount) * scaled(percent), WHOLE));
}

/** The part of a gross amount that a contained tax makes, when all contained taxes together are `sumPercent`. */
export function percentWithin(gross: number, percent: number, sumPercent: number): number {
  return Number(divideHalfAwayFromZero(BigInt(gross) * scaled(percent), WHOLE + scaled(sumPercent)));
}

/** `amount × part / whole`, rounded half away from zero. */
export function share(amount: number, part: number, whole: number): number {
  return whole === 0 ? 0 : Number(divideHalfAwayFromZero(BigInt(amount) * BigInt(part), BigInt(whole)));
}

/** Splits `total` in proportion to `weights`, so that the parts sum to exactly the whole (the largest rests get the remainder). */
export function allocate(total: number, weights: readonly number[]): number[] {
  const sum = weights.reduce((a, b) => a + b, 0);
  if (sum === 0) return weights.map(() => 0);
  const parts = weights.map((weight, index) => {
    const product = BigInt(total) * BigInt(weight);
    return { index, part: Number(product / BigInt(sum)), rest: Number(product % BigInt(sum)) };
  });
  let missing = total - parts.reduce((a, { part }) => a + part, 0);
  for (const one of [...parts].sort((a, b) => b.rest - a.rest || a.index - b.index)) {
    if (missing <= 0) break;
    one.part++;
    missing--;
  }
  return parts.map(({ part }) => part);
}
