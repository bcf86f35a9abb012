import { describe, expect, it } from '@jest/globals';
import { createdQuery, cutOf, objectsLeft } from './windows.js';

const walk = { from: null, to: null, floor: 0, newest: 1_000, reached: 900, objects: 100 };

describe('a window of a list', () => {
  it('expects the rest to be as dense as what was met', () => {
    expect(objectsLeft(walk)).toBe(900);
    expect(objectsLeft({ ...walk, from: 800 })).toBe(100);
    expect(objectsLeft({ ...walk, from: 900 })).toBe(0);
  });

  it('expects nothing below its end, even when objects are older than the account', () => {
    expect(objectsLeft({ ...walk, floor: 950 })).toBe(0);
    expect(cutOf({ ...walk, floor: 950 }, 100)).toBeNull();
  });

  it('is cut in the middle of what is left, and only where enough is left', () => {
    expect(cutOf(walk, 100)).toBe(450);
    expect(cutOf({ ...walk, from: 700 }, 100)).toBeNull();
    expect(cutOf({ ...walk, from: 701 - 101 }, 100)).toBe(750);
  });

  it('cannot be cut within a second, however many objects it has', () => {
    expect(cutOf({ ...walk, newest: 900, from: 899 }, 1)).toBeNull();
    expect(cutOf({ ...walk, newest: 900, from: 898 }, 1)).toBe(899);
  });

  it('asks Stripe for what lies between its ends', () => {
    expect(createdQuery({ from: null, to: null })).toEqual([]);
    expect(createdQuery({ from: 5, to: 9 })).toEqual(['created[gte]=5', 'created[lt]=9']);
  });
});
