import { describe, expect, it } from '@jest/globals';
import { newId, randomCrockford } from './ids.js';

describe('newId', () => {
  it('makes ids that are all different and sort in the order in which they were made', () => {
    const ids = Array.from({ length: 10_000 }, () => newId('thing'));

    expect(new Set(ids).size).toBe(ids.length);
    expect([...ids].sort()).toEqual(ids);
    expect(ids[0]).toMatch(/^thing_[0-9a-z]{26}$/);
  });
});

describe('randomCrockford', () => {
  it('has no letter that could be misread', () => {
    expect(randomCrockford(1_000)).toMatch(/^[0-9A-HJKMNP-TV-Z]{1000}$/);
  });
});
