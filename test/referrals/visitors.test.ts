import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startTestService } from '../support/test-service.js';
import type { TestService } from '../support/test-service.js';
import { givenCode, made, refused, unique } from './given.js';

let service: TestService;

beforeAll(async () => {
  service = await startTestService({ sandbox: false });
});
afterAll(() => service?.stop());

const LANDING = 'https://example.com/join?plan=a';
const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0';
const HASH = expect.stringMatching(/^[\w-]{22}$/);

type Row = Record<string, unknown>;

const follow = (code: string, query = '', headers = {}) =>
  service.http('GET', `/r/${code}${query}`, undefined, { authorization: '', 'user-agent': FIREFOX, ...headers });

async function clicksOf(partnerId: string): Promise<Row[]> {
  const { body } = await service.http<{ data: Row[] }>('GET', `/v1/referrals?partnerId=${partnerId}`);
  return body.data;
}

const given = () => givenCode(service, { program: { landingUrl: LANDING } });

describe('a click by the link', () => {
  it('tells its campaign and holds nothing of the visitor but hashes', async () => {
    const { code, partnerId } = await given();

    const { headers } = await follow(code, '?utm_source=news&utm_campaign=may%20day&other=1');

    const [click] = await clicksOf(partnerId);
    expect(click).toMatchObject({
      ...{ visitor: 'person', consent: null, ipHash: HASH, agentHash: HASH },
      ...{ utm: { source: 'news', campaign: 'may day' }, url: 'https://example.com/join' },
    });
    const location = `${LANDING}&utm_source=news&utm_campaign=may%20day&tributary_click=${click?.id}`;
    expect(headers.get('location')).toBe(location);
    const rows = await service.db.query('SELECT t::text AS text FROM tributary.referral_tracking t');
    expect(JSON.stringify(rows)).not.toMatch(/127\.0\.0\.1|Firefox/);
  });

  it('can be told from another visitor’s on the same day only', async () => {
    const { code, partnerId } = await given();
    await follow(code);
    await follow(code);
    await follow(code, '', { 'user-agent': 'Mozilla/5.0 Safari/604.1' });
    const salts = () => service.db.query('SELECT day::text FROM tributary.click_salt ORDER BY day');
    const [third, second, first] = await clicksOf(partnerId);
    expect([second?.ipHash, second?.agentHash]).toEqual([first?.ipHash, first?.agentHash]);
    expect(third?.ipHash).toBe(first?.ipHash);
    expect(third?.agentHash).not.toBe(first?.agentHash);
    expect(await salts()).toHaveLength(1);

    // As if the salts that there are were those of a week ago.
    await service.db.query(`UPDATE tributary.click_salt SET day = day - 7`);
    const other = await startTestService({ sandbox: false, databaseUrl: service.databaseUrl });
    const { apiKey } = service;
    const body = { code, ip: '127.0.0.1', userAgent: FIREFOX };
    await other.http('POST', '/v1/clicks', body, { authorization: `Bearer ${apiKey}` });
    await other.stop();

    const [newest] = await clicksOf(partnerId);
    expect(newest).toMatchObject({ ipHash: HASH, agentHash: HASH });
    expect(newest?.ipHash).not.toBe(first?.ipHash);
    expect(await salts()).toHaveLength(1);
  });

  it.each([
    ['?consent=false', {}, false],
    ['?consent=true', { 'sec-gpc': '1' }, false],
    ['?consent=true', {}, true],
  ])('keeps hashes only with consent: %s %j', async (query, headers, consent) => {
    const { code, partnerId } = await given();

    await follow(code, query, headers);

    const hash = consent ? HASH : null;
    expect(await clicksOf(partnerId)).toEqual([expect.objectContaining({ consent, ipHash: hash, agentHash: hash })]);
  });

  it.each([
    ['a bot', { 'user-agent': 'facebookexternalhit/1.1' }, 'bot', false],
    ['a bot', { 'user-agent': 'Mozilla/5.0 (compatible; Googlebot/2.1)' }, 'bot', false],
    ['a prefetch', { 'sec-purpose': 'prefetch;prerender' }, 'prefetch', true],
    ['a prefetch', { purpose: 'prefetch' }, 'prefetch', true],
  ])('of %s %j is marked', async (_, headers, visitor, getsId) => {
    const { code, partnerId } = await given();

    const answer = await follow(code, '', headers);

    const [click] = await clicksOf(partnerId);
    expect(click).toMatchObject({ visitor, state: 'clicked' });
    expect(answer.headers.get('location')).toBe(getsId ? `${LANDING}&tributary_click=${click?.id}` : LANDING);
  });

  it('leads on below the landing page’s origin', async () => {
    const { code } = await given();
    const deep = async (to: string) => (await follow(code, `?to=${encodeURIComponent(to)}`)).headers.get('location');

    expect(await deep('/pricing?x=1&tributary_click=click_0#top')).toMatch(
      /^https:\/\/example\.com\/pricing\?x=1&tributary_click=click_[0-9a-z]{26}#top$/,
    );
    for (const to of ['https://evil.example/', '//evil.example', '/\\evil.example', 'javascript:alert(1)'])
      expect(await deep(to)).toMatch(/^https:\/\/example\.com\/join\?plan=a&tributary_click=click_/);
  });
});

describe('a click that the company tells of', () => {
  it('is hashed, marked and kept through the sign-up', async () => {
    const { code } = await given();
    const url = 'https://example.com/?utm_source=app&email=a@b.c';
    const told = { code, url, ip: '2001:db8::1', userAgent: FIREFOX, consent: true };
    const click = await made(service, '/v1/clicks', told);
    const kept = { utm: { source: 'app' }, consent: true, visitor: 'person', ipHash: HASH, agentHash: HASH };

    for (const externalId of [unique('first'), unique('second')]) {
      const referral = await made(service, '/v1/referrals', { clickId: click.id, customer: { externalId } });
      expect(referral).toMatchObject({ ...kept, url: 'https://example.com/', clickId: click.id, state: 'signed_up' });
    }
  });

  it.each([
    [{ ip: 'localhost' }, 'ip'],
    [{ consent: 'yes' }, 'consent'],
    [{ userAgent: 'x'.repeat(1_025) }, 'userAgent'],
  ])('is refused with %j', async (wrong, field) => {
    const { code } = await given();

    expect(await service.http('POST', '/v1/clicks', { code, ...wrong })).toMatchObject(
      refused(400, 'invalid_field', field),
    );
  });
});
