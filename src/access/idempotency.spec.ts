import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { canonicalJson, requestHash } from './idempotency.js';

describe('canonicalJson', () => {
  it('does not depend on the order of fields, nor on fields that are undefined', () => {
    expect(canonicalJson({ b: [1, { d: null, c: 'x' }], a: undefined })).toBe('{"b":[1,{"c":"x","d":null}]}');
    expect(requestHash({ a: 1, b: 2 })).toEqual(requestHash({ b: 2, a: 1 }));
  });

  it('tells apart whatever JSON tells apart', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (one, other) => {
        const equal = canonicalJson(one) === canonicalJson(other);
        expect(equal).toBe(canonicalJson(JSON.parse(JSON.stringify(one))) === canonicalJson(JSON.parse(JSON.stringify(other))));
        expect(JSON.parse(canonicalJson(one))).toEqual(JSON.parse(JSON.stringify(one)));
      }),
    );
  });
});
