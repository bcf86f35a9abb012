import { describe, expect, it } from '@jest/globals';
import { withQuery } from './query-text.js';

describe('parameters in a path', () => {
  it.each([
    [{}, '/v1/x'],
    [{ a: undefined, b: null }, '/v1/x'],
    [{ limit: 100, closed: false }, '/v1/x?limit=100&closed=false'],
    [{ created: { gte: 5 }, expand: ['a', 'b.c'] }, '/v1/x?created%5Bgte%5D=5&expand%5B0%5D=a&expand%5B1%5D=b.c'],
    [{ query: "email:'a&b'" }, "/v1/x?query=email%3A'a%26b'"],
  ])('%j make %s', (params, path) => {
    expect(withQuery('/v1/x', params)).toBe(path);
  });

  it('follow those that are there', () => {
    expect(withQuery('/v1/x?limit=1', { prorate: true })).toBe('/v1/x?limit=1&prorate=true');
  });
});
