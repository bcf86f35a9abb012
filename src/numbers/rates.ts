import { BPS_WHOLE } from '../common/money.js';

/** `part` of `whole` in basis points, rounded half up; null where there is no whole. Counts, 0 or more. Pure. */
export function rateBpsOf(part: number, whole: number): number | null {
  return whole === 0 ? null : Math.floor((2 * part * BPS_WHOLE + whole) / (2 * whole));
}

/** An amount over a count, in minor units, rounded half away from zero; null for a count of 0. Pure. */
export function perCountMinor(amountMinor: number, count: number): number | null {
  if (count === 0) return null;
  const size = (2n * BigInt(Math.abs(amountMinor)) + BigInt(count)) / (2n * BigInt(count));
  return Math.sign(amountMinor) * Number(size) || 0;
}
