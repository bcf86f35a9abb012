import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startTestService } from '../support/test-service.js';
import type { TestService } from '../support/test-service.js';
import { givenCode, givenStranger, refused } from './given.js';

let service: TestService;

beforeAll(async () => {
  service = await startTestService({ sandbox: false });
});
afterAll(() => service?.stop());

const LANDING = 'https://example.com/join?plan=a%20b#top';
const PERSON = { authorization: '', 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0' };

const clicksOf = (code: string) =>
  service.db.query(
    `SELECT t.id, t.url, t.referrer, t.clicked_at FROM tributary.referral_tracking t
       JOIN tributary.referral_code c ON c.workspace_id = t.workspace_id AND c.id = t.code_id WHERE c.code_key = upper($1)`,
    [code],
  );

describe('a click', () => {
  it('is recorded with addresses that name nobody', async () => {
    const { programKey, partnerId, code } = await givenCode(service);
    const addresses = {
      url: 'https://me:secret@example.com/join?email=a@b.c#x',
      referrer: 'https://news.example/a?q=1',
    };

    const { status, body } = await service.http('POST', '/v1/clicks', { code: code.toLowerCase(), ...addresses });

    expect({ status, body }).toEqual({
      status: 201,
      body: {
        ...{ id: expect.stringMatching(/^click_/), code, programKey, partnerId, visitor: 'person' },
        createdAt: expect.any(String),
      },
    });
    expect(await clicksOf(code)).toEqual([
      expect.objectContaining({ id: body.id, url: 'https://example.com/join', referrer: 'https://news.example/a' }),
    ]);
  });

  it('needs a code that is open', async () => {
    const off = await givenCode(service);
    await service.http('PATCH', `/v1/codes/${off.code}`, { active: false });
    const expired = await givenCode(service, { code: { expiresAt: '2020-01-01T00:00:00Z' } });
    const click = (code: unknown) => service.http('POST', '/v1/clicks', { code });

    expect(await click('UNKNOWN')).toMatchObject(refused(404, 'code_not_found', 'code'));
    expect(await click(off.code)).toMatchObject(refused(409, 'code_inactive', 'code'));
    expect(await click(expired.code)).toMatchObject(refused(409, 'code_expired', 'code'));
    expect(await click(5)).toMatchObject(refused(400, 'invalid_field', 'code'));
  });

  it('cannot be made on another company’s code', async () => {
    const { code } = await givenCode(service);

    const answer = await service.http('POST', '/v1/clicks', { code }, await givenStranger(service));

    expect(answer).toMatchObject(refused(404, 'code_not_found', 'code'));
  });
});

describe('the public link', () => {
  const follow = (code: string, headers = {}, method = 'GET', query = '') =>
    service.http(method, `/r/${code}${query}`, undefined, { ...PERSON, ...headers });

  it('leads to the landing page with the click, without a cookie', async () => {
    const { code } = await givenCode(service, { program: { landingUrl: LANDING } });

    const { status, headers } = await follow(code.toLowerCase(), { referer: 'https://blog.example/post?utm=1' });

    const [click] = await clicksOf(code);
    expect(status).toBe(302);
    expect(headers.get('location')).toBe(`https://example.com/join?plan=a%20b&tributary_click=${click.id}#top`);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('set-cookie')).toBeNull();
    expect(click).toMatchObject({ url: 'https://example.com/join', referrer: 'https://blog.example/post' });
  });

  it('leads nowhere else', async () => {
    const { code } = await givenCode(service, { program: { landingUrl: LANDING } });

    const { headers } = await follow(code, {}, 'GET', '?to=https://evil.example/&tributary_click=click_1');

    expect(headers.get('location')).toMatch(
      /^https:\/\/example\.com\/join\?plan=a%20b&tributary_click=click_[0-9a-z]{26}#top$/,
    );
  });

  it('counts no click for HEAD', async () => {
    const { code } = await givenCode(service, { program: { landingUrl: LANDING } });

    const answer = await follow(code, {}, 'HEAD');

    expect(answer.status).toBe(302);
    expect(answer.headers.get('location')).toBe(LANDING);
    expect(await clicksOf(code)).toEqual([]);
  });

  it('is not found, whatever the reason', async () => {
    const landing = { program: { landingUrl: LANDING } };
    const off = await givenCode(service, landing);
    await service.http('PATCH', `/v1/codes/${off.code}`, { active: false });
    const expired = await givenCode(service, { ...landing, code: { expiresAt: '2020-01-01T00:00:00Z' } });
    const homeless = await givenCode(service);
    const stranger = await givenStranger(service);
    const reward = { type: 'one_time', amountMinor: 1 };
    await service.http('POST', '/v1/programs', { key: 'theirs', name: 'T', reward, landingUrl: LANDING }, stranger);
    const { body: partner } = await service.http('POST', '/v1/partners', { externalId: 'theirs' }, stranger);
    const theirs = { programKey: 'theirs', partnerId: partner.id, code: 'THEIRS' };
    await service.http('POST', '/v1/codes', theirs, stranger);

    for (const code of ['UNKNOWN', off.code, expired.code, homeless.code, 'THEIRS']) {
      const answer = await follow(code);
      expect(answer).toMatchObject(refused(404, 'link_not_found', 'code'));
      expect(answer.headers.get('location')).toBeNull();
      const says = code === homeless.code ? 'has no landingUrl' : 'its code is unknown or no longer valid';
      expect(answer.body.error).toMatchObject({ message: expect.stringContaining(says) });
    }
  });
});
