import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { RateWindow } from './rate-window.js';

const LIMIT = { windowMs: 1_000, hitsMax: 10 };

function filled(hits: number, atMs: number): RateWindow {
  const window = new RateWindow(LIMIT);
  for (let i = 0; i < hits; i++) window.add(atMs);
  return window;
}

describe('RateWindow', () => {
  it('counts the window before by the share of it that is still within reach', () => {
    const window = filled(10, 500);

    expect(window.hitsAt(999)).toBe(10);
    expect(window.hitsAt(1_000)).toBe(10);
    expect(window.hitsAt(1_500)).toBe(5);
    expect(window.hitsAt(2_000)).toBe(0);
  });

  it('adds what other replicas counted, without counting our own share twice', () => {
    const window = filled(3, 100);
    expect(window.takeUnsent()).toBe(3);
    window.add(200);

    window.level(0, 7);

    expect(window.hitsAt(300)).toBe(8);
  });

  it('ignores a levelling that comes back after its window has passed', () => {
    const window = filled(3, 100);
    window.takeUnsent();
    window.add(1_100);

    window.level(0, 9);
    window.untake(0, 3);

    expect(window.takeUnsent()).toBe(1);
    expect(window.hitsAt(2_000)).toBe(1);
  });

  it('names a waiting time after which a hit fits, and that is not needlessly long', () => {
    const hits = fc.array(fc.integer({ min: 0, max: 1_999 }), { minLength: 10, maxLength: 40 });
    fc.assert(
      fc.property(hits, (times) => {
        const window = new RateWindow(LIMIT);
        for (const time of times.sort((a, b) => a - b)) if (window.hitsAt(time) + 1 <= LIMIT.hitsMax) window.add(time);
        const now = times.at(-1) ?? 0;
        if (window.hitsAt(now) + 1 <= LIMIT.hitsMax) return;
        const waitMs = window.retryAfterSeconds(now) * 1_000;
        expect(waitMs).toBeLessThanOrEqual(2 * LIMIT.windowMs);
        expect(window.hitsAt(now + waitMs) + 1).toBeLessThanOrEqual(LIMIT.hitsMax);
      }),
    );
  });
});
