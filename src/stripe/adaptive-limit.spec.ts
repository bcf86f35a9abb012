import { describe, expect, it } from '@jest/globals';
import { AdaptiveLimit, CUT_EVERY_MS, CUT_TO_SHARE } from './adaptive-limit.js';

describe('a limit that adapts', () => {
  it('is the ceiling until the first refusal, falls by a factor and comes back by a constant', () => {
    const limit = new AdaptiveLimit(60, 1);
    expect(limit.allowedAt(0)).toBe(60);

    limit.cut(1_000);

    expect(limit.allowedAt(1_000)).toBe(60 * CUT_TO_SHARE);
    expect(limit.allowedAt(2_000)).toBeCloseTo(60 * CUT_TO_SHARE + 1);
    expect(limit.allowedAt(11_000)).toBeCloseTo(60 * CUT_TO_SHARE + 10);
    expect(limit.allowedAt(60_000)).toBe(60);
  });

  it('takes the refusals of one moment as one', () => {
    const limit = new AdaptiveLimit(60, 1);

    expect(limit.cut(0)).not.toBeNull();
    expect(limit.cut(CUT_EVERY_MS - 1)).toBeNull();
    expect(limit.allowedAt(CUT_EVERY_MS)).toBeCloseTo(43);

    expect(limit.cut(CUT_EVERY_MS)?.to).toBeCloseTo(43 * CUT_TO_SHARE);
  });

  it('never falls below its least, however often it is refused', () => {
    const limit = new AdaptiveLimit(60, 5);

    for (let second = 0; second < 50; second++) limit.cut(second * CUT_EVERY_MS);

    expect(limit.allowedAt(49 * CUT_EVERY_MS)).toBe(5);
  });

  it('is cut from what was really used where that is less', () => {
    const limit = new AdaptiveLimit(100, 1);

    limit.cut(0, 10);

    expect(limit.allowedAt(0)).toBeCloseTo(7);
  });

  it('takes over a cut from elsewhere, but not one that leaves more', () => {
    const limit = new AdaptiveLimit(60, 1);
    limit.learn({ to: 30, atMs: 0 }, 0);
    expect(limit.allowedAt(0)).toBe(30);

    limit.learn({ to: 40, atMs: 0 }, 0);
    expect(limit.allowedAt(0)).toBe(30);

    limit.learn({ to: 10, atMs: 0 }, 0);
    expect(limit.allowedAt(0)).toBe(10);
  });
});
