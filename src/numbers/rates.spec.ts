import { describe, expect, it } from '@jest/globals';
import { perCountMinor, rateBpsOf } from './rates.js';

describe('rateBpsOf', () => {
  it.each([
    [1, 3, 3_333],
    [2, 3, 6_667],
    [1, 20_000, 1],
    [0, 5, 0],
    [3, 2, 15_000],
    [1, 0, null],
  ])('says %s of %s as %s basis points', (part, whole, bps) => {
    expect(rateBpsOf(part, whole)).toBe(bps);
  });
});

describe('perCountMinor', () => {
  it.each([
    [5, 2, 3],
    [-5, 2, -3],
    [7, 5, 1],
    [1, 3, 0],
    [-1, 3, 0],
    [Number.MAX_SAFE_INTEGER, 1, Number.MAX_SAFE_INTEGER],
    [5, 0, null],
  ])('divides %s by %s to %s', (amount, count, each) => {
    expect(perCountMinor(amount, count)).toBe(each);
  });
});
