import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { destinationOf, landingAddress } from './link-rules.js';

const CLICK = { clickId: 'click_1', utm: null };

describe('the landing page', () => {
  it.each([
    ['https://example.com', CLICK, 'https://example.com/?tributary_click=click_1'],
    ['https://example.com/a?b=c%20d', CLICK, 'https://example.com/a?b=c%20d&tributary_click=click_1'],
    ['https://example.com/a?b#top', CLICK, 'https://example.com/a?b&tributary_click=click_1#top'],
    ['https://example.com/?tributary_click=other&a=1', CLICK, 'https://example.com/?a=1&tributary_click=click_1'],
    ['https://example.com/?tributary%5Fclick=other', { clickId: null, utm: null }, 'https://example.com/'],
    [
      'https://example.com/?utm_source=own&utm_term=own',
      { ...CLICK, utm: { source: 'a b&c' } },
      'https://example.com/?utm_term=own&utm_source=a%20b%26c&tributary_click=click_1',
    ],
  ])('%s with %j', (landing, parts, expected) => {
    expect(landingAddress(landing, parts)).toBe(expected);
  });

  it('stays on its host and keeps its own query', () => {
    fc.assert(
      fc.property(fc.webUrl({ withQueryParameters: true }), (landing) => {
        const led = new URL(landingAddress(landing, CLICK));

        expect(led.host).toBe(new URL(landing).host);
        for (const [name, value] of new URL(landing).searchParams)
          expect(led.searchParams.getAll(name)).toContain(value);
        expect(led.searchParams.getAll('tributary_click')).toEqual(['click_1']);
      }),
    );
  });
});

describe('a deep link', () => {
  const LANDING = 'https://example.com/join?plan=a';

  it.each([
    ['/pricing?x=1#top', 'https://example.com/pricing?x=1#top'],
    ['https://example.com/docs', 'https://example.com/docs'],
    ['https://me:secret@example.com/docs', 'https://example.com/docs'],
    ['//example.com/docs', 'https://example.com/docs'],
    ['pricing', 'https://example.com/pricing'],
    ['', LANDING],
    [undefined, LANDING],
    ['https://evil.example/', LANDING],
    ['//evil.example/', LANDING],
    ['/\\evil.example', LANDING],
    ['\\\\evil.example', LANDING],
    ['https:evil.example', 'https://example.com/evil.example'],
    ['http://example.com/', LANDING],
    ['https://example.com:8443/', LANDING],
    ['https://example.com.evil.example/', LANDING],
    ['https://example.com@evil.example/', LANDING],
    ['javascript:alert(1)', LANDING],
    ['\tjava\nscript:alert(1)', LANDING],
    ['data:text/html,x', LANDING],
  ])('to %j leads to %s', (to, expected) => {
    expect(destinationOf(LANDING, to)).toBe(expected);
  });

  it('never leaves the origin', () => {
    const wild = fc.oneof(fc.string(), fc.webUrl(), fc.stringMatching(/^[/\\:@.a-z]{0,12}$/));
    fc.assert(
      fc.property(wild, (to) => {
        expect(new URL(destinationOf(LANDING, to)).origin).toBe('https://example.com');
      }),
    );
  });
});
