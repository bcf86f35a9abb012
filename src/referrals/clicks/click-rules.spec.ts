import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { bareAddress, queryOf, utmOf, visitorOf } from './click-rules.js';

describe('a visitor', () => {
  it.each([
    ['Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Safari/604.1', '', 'person'],
    ['Mozilla/5.0 (Linux; Android 14; CUBOT X90) Chrome/130.0', '', 'person'],
    ['curl/8.5.0', '', 'person'],
    ['', '', 'person'],
    ['Mozilla/5.0 (compatible; bingbot/2.0)', '', 'bot'],
    ['Slackbot-LinkExpanding 1.0', '', 'bot'],
    ['Twitterbot/1.0', '', 'bot'],
    ['WhatsApp/2.23', '', 'bot'],
    ['Mozilla/5.0 (compatible; bingbot/2.0)', 'prefetch', 'bot'],
    ['Mozilla/5.0 Firefox/140.0', 'prefetch', 'prefetch'],
    ['Mozilla/5.0 Chrome/140.0', 'prefetch;prerender', 'prefetch'],
  ])('%j, purpose %j: a %s', (userAgent, purpose, visitor) => {
    expect(visitorOf({ userAgent, purpose })).toBe(visitor);
  });
});

describe('a campaign', () => {
  it.each([
    ['https://a.example/?utm_source=news&utm_medium=e%20mail&x=1#utm_term=no', { source: 'news', medium: 'e mail' }],
    ['/r/CODE?utm_term=a&utm_term=b', { term: 'a' }],
    ['https://a.example/?utm_content=%00%0A&utm_id=7', null],
    ['https://a.example/', null],
    [null, null],
  ])('of %j is %j', (address, utm) => {
    expect(utmOf(queryOf(address))).toEqual(utm);
  });

  it('has a limit, and is whole text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (value) => {
        const source = utmOf(new URLSearchParams({ utm_source: value }))?.source ?? '';

        expect(source.length).toBeLessThanOrEqual(255);
        expect(source.isWellFormed()).toBe(true);
        expect(source).not.toMatch(/\p{Cc}/u);
      }),
    );
  });
});

describe('an address that is kept', () => {
  it.each([
    ['https://example.com/a?email=a@b.c#d', 'https://example.com/a'],
    ['https://me:secret@example.com/a', 'https://example.com/a'],
    ['/join#top', '/join'],
    ['?only=query', null],
    ['', null],
    [undefined, null],
  ])('%j becomes %j', (address, bare) => {
    expect(bareAddress(address)).toBe(bare);
  });

  it('never holds a query or a fragment, and has a limit', () => {
    fc.assert(
      fc.property(fc.webUrl({ withQueryParameters: true, withFragments: true }), fc.string(), (url, rest) => {
        const bare = bareAddress(`${url}${rest}`) ?? '';

        expect(bare).not.toMatch(/[?#]/);
        expect(bare.length).toBeLessThanOrEqual(2_048);
      }),
    );
  });
});
