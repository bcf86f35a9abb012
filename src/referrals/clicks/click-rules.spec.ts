import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { bareAddress, isByPerson, landingAddress } from './click-rules.js';

describe('a visit', () => {
  it.each([
    ['GET', 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Safari/604.1', '', true],
    ['GET', 'Mozilla/5.0 (Linux; Android 14; CUBOT X90) Chrome/130.0', '', true],
    ['GET', 'curl/8.5.0', '', true],
    ['GET', '', '', true],
    ['HEAD', 'Mozilla/5.0 Firefox/140.0', '', false],
    ['GET', 'Mozilla/5.0 (compatible; bingbot/2.0)', '', false],
    ['GET', 'Slackbot-LinkExpanding 1.0', '', false],
    ['GET', 'Twitterbot/1.0', '', false],
    ['GET', 'WhatsApp/2.23', '', false],
    ['GET', 'Mozilla/5.0 Firefox/140.0', 'prefetch', false],
  ])('%s by %j, purpose %j: a person’s %s', (method, userAgent, purpose, expected) => {
    expect(isByPerson({ method, userAgent, purpose })).toBe(expected);
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

describe('the landing page', () => {
  it.each([
    ['https://example.com', 'https://example.com/?tributary_click=click_1'],
    ['https://example.com/a?b=c%20d', 'https://example.com/a?b=c%20d&tributary_click=click_1'],
    ['https://example.com/a?b#top', 'https://example.com/a?b&tributary_click=click_1#top'],
  ])('%s gets the click', (landing, expected) => {
    expect(landingAddress(landing, 'click_1')).toBe(expected);
  });

  it('stays on its host and keeps its own query', () => {
    fc.assert(
      fc.property(fc.webUrl({ withQueryParameters: true }), (landing) => {
        const led = new URL(landingAddress(landing, 'click_1'));

        expect(led.host).toBe(new URL(landing).host);
        expect(led.search.startsWith(new URL(landing).search)).toBe(true);
        expect(led.searchParams.get('tributary_click')).toBe('click_1');
      }),
    );
  });
});
