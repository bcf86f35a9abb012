import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AccessLimits } from '../../src/access/rate-limits.service.js';
import { loadContract } from '../../src/grpc-server.js';
import { givenPartner, givenStranger, refused } from '../referrals/given.js';
import { startTestService, type TestService } from '../support/test-service.js';

const MANY = { windowMs: 60_000, hitsMax: 1_000_000 };
const REVOKED_WITHIN_MS = 1_500;
const ORIGIN = 'https://app.example.com';

interface Token {
  id: string;
  token: string;
  expiresAt: string;
}

let service: TestService;
let partnerId: string;
let token: string;
beforeAll(async () => {
  service = await startTestService({
    sandbox: false,
    limits: new AccessLimits({ failed_auth: MANY, address: MANY, key: { windowMs: 60_000, hitsMax: 2_000 } }),
    env: { TRIBUTARY_PORTAL_ORIGINS: ORIGIN },
  });
  partnerId = await givenPartner(service);
  ({ token } = (await create({})).body);
});
afterAll(() => service?.stop());

const create = (body: object, id = partnerId) => service.http<Token>('POST', `/v1/partners/${id}/tokens`, body);
const by = (text: string) => ({ authorization: `Bearer ${text}` });
const me = (text: string, path = '') => service.http('GET', `/v1/me${path}`, undefined, by(text));

describe('a partner’s token', () => {
  it('opens none of the other HTTP routes', async () => {
    const others = service.routes.filter(({ path }) => path.startsWith('/v1/') && !path.startsWith('/v1/me'));
    expect(others.length).toBeGreaterThan(100);
    const open: string[] = [];
    for (const { method, path } of others) {
      const concrete = path.replaceAll(/:\w+/g, 'x');
      const body = ['GET', 'HEAD', 'DELETE'].includes(method) ? undefined : {};
      const answer = await service.http(method, concrete, body, { ...by(token), 'idempotency-key': 'k' });
      if (answer.status !== 403 && answer.status !== 404) open.push(`${method} ${path} → ${answer.status}`);
    }

    expect(open).toEqual([]);
  });

  it('opens every route of /v1/me, which a key with all scopes does not', async () => {
    const own = service.routes.filter(({ method, path }) => method === 'GET' && path.startsWith('/v1/me'));
    expect(own.length).toBe(11);
    for (const { path } of own) {
      const concrete = path.replace(':month', '2026-01').replace(':id', 'commission_x');
      const expected = path.includes(':id') ? 404 : 200;
      expect([path, (await service.http('GET', concrete, undefined, by(token))).status]).toEqual([path, expected]);
      expect(await service.http('GET', concrete)).toMatchObject(refused(403, 'partner_token_required'));
    }
  });

  it('opens none of the other gRPC methods', async () => {
    const open: string[] = [];
    for (const [name, definition] of Object.entries(loadContract())) {
      if ('format' in definition) continue;
      const of = name.split('.').at(-1) ?? '';
      for (const method of Object.keys(definition)) {
        const { code } = await service.grpc.call(of, method, {}, { headers: by(token) });
        const refusal = code === status.PERMISSION_DENIED;
        if (refusal === (of === 'Me')) open.push(`${of}/${method}: ${code}`);
      }
    }

    expect(open).toEqual([]);
  });

  it('names the partner by itself: a partner in the request is refused, not heard', async () => {
    const other = await givenPartner(service);

    expect((await me(token)).body).toMatchObject({ id: partnerId });
    expect(await me(token, `/codes?partnerId=${other}`)).toMatchObject(refused(400, 'unknown_field', 'partnerId'));
    const { message } = await service.grpc.call('Me', 'GetMyProfile', {}, { headers: by(token) });
    expect(message).toMatchObject({ id: partnerId });
  });

  it('is shown once and kept as a hash', async () => {
    const { body, status: made } = await create({ allow: { customerNames: true } });
    const [, secret = ''] = /^trb_[0-9a-z]+_([0-9a-f]{64})$/.exec(body.token) ?? [];

    expect(made).toBe(201);
    const listed = await service.http('GET', `/v1/partners/${partnerId}/tokens`);
    expect(listed.body).toMatchObject({ data: [{ id: body.id, partnerId, allow: { customerNames: true } }, {}] });
    expect(JSON.stringify(listed.body)).not.toContain(secret);
    for (const table of ['api_key', 'idempotency_key']) {
      const rows = await service.db.query<Array<{ text: string }>>(`SELECT t::text AS text FROM tributary.${table} t`);
      expect(rows.filter(({ text }) => text.includes(secret))).toEqual([]);
    }
  });

  it('ends when it is revoked, within a second or so, and when it expires', async () => {
    const { body } = await create({ expiresInSeconds: 60 });
    expect(Date.parse(body.expiresAt) - Date.now()).toBeGreaterThan(50_000);
    expect((await me(body.token)).status).toBe(200);
    const revoke = `/v1/partners/${partnerId}/tokens/${body.id}/revoke`;
    expect(await service.http('POST', revoke)).toMatchObject({ status: 200, body: { id: body.id } });
    const limit = Date.now() + REVOKED_WITHIN_MS;
    while ((await me(body.token)).status !== 401) if (Date.now() > limit) throw new Error('still open');

    const { body: short } = await create({});
    await service.db.query(`UPDATE tributary.api_key SET expires_at = now() WHERE key_id = $1`, [short.id]);
    expect((await me(short.token)).status).toBe(401);
  });

  it.each([
    [{ expiresInSeconds: 59 }, 'invalid_field', 'expiresInSeconds'],
    [{ expiresInSeconds: 2_592_001 }, 'invalid_field', 'expiresInSeconds'],
    [{ allow: { customerNames: 'yes' } }, 'invalid_field', 'allow.customerNames'],
    [{ scopes: ['*'] }, 'unknown_field', 'scopes'],
  ])('is not made of %j', async (body, code, field) => {
    expect(await create(body)).toMatchObject(refused(400, code, field));
  });

  it('is made and revoked only by the company that the partner is of', async () => {
    const stranger = await givenStranger(service);
    const path = `/v1/partners/${partnerId}/tokens`;
    const { body } = await create({});

    expect(await service.http('POST', path, {}, stranger)).toMatchObject(refused(404, 'partner_not_found'));
    expect(await service.http('GET', path, undefined, stranger)).toMatchObject(refused(404, 'partner_not_found'));
    expect(await service.http('POST', `${path}/${body.id}/revoke`, {}, stranger)).toMatchObject(
      refused(404, 'partner_token_not_found', 'tokenId'),
    );
    const [key = ''] = service.apiKey.slice(4).split('_');
    expect(await service.http('POST', `${path}/${key}/revoke`)).toMatchObject(refused(404, 'partner_token_not_found'));
    expect((await me(body.token)).status).toBe(200);
    const reader = by(await service.newKey(['referrals:write', 'payouts:write']));
    expect(await service.http('POST', path, {}, reader)).toMatchObject(refused(403, 'missing_scope'));
  });

  it('is limited like a key', async () => {
    const { body } = await create({});
    let last = 200;
    for (let n = 0; n <= 2_000 && last !== 429; n += 100) {
      const asked = Array.from({ length: 100 }, () => me(body.token, '/payouts'));
      last = Math.max(...(await Promise.all(asked)).map((answer) => answer.status));
    }
    expect(last).toBe(429);
    expect((await me(token)).status).toBe(200);
  });
});

describe('a page in a browser', () => {
  const preflight = { origin: ORIGIN, 'access-control-request-method': 'GET', authorization: '' };

  it('of a configured origin may call /v1/me', async () => {
    const asked = await service.http('OPTIONS', '/v1/me/balance', undefined, preflight);
    expect(asked.status).toBe(204);
    expect(asked.headers.get('access-control-allow-origin')).toBe(ORIGIN);
    expect(asked.headers.get('access-control-allow-headers')).toContain('authorization');

    const { status: answered, headers } = await service.http('GET', '/v1/me', undefined, {
      ...by(token),
      origin: ORIGIN,
    });
    expect([answered, headers.get('access-control-allow-origin'), headers.get('vary')]).toEqual([
      200,
      ORIGIN,
      'Origin',
    ]);
    expect(headers.get('access-control-allow-credentials')).toBeNull();
    const refusal = await service.http('GET', '/v1/me', undefined, { origin: ORIGIN, authorization: '' });
    expect([refusal.status, refusal.headers.get('access-control-allow-origin')]).toEqual([401, ORIGIN]);
  });

  it.each(['https://evil.example', `${ORIGIN}.evil.example`, 'null'])('of %s may not', async (origin) => {
    const asked = await service.http('OPTIONS', '/v1/me', undefined, { ...preflight, origin });
    const answer = await service.http('GET', '/v1/me', undefined, { ...by(token), origin });

    expect(asked.status).toBe(404);
    for (const { headers } of [asked, answer]) expect(headers.get('access-control-allow-origin')).toBeNull();
  });

  it('may not call anything else', async () => {
    for (const path of ['/v1/partners', '/v1/menu', '/livez']) {
      const { headers } = await service.http('OPTIONS', path, undefined, preflight);
      expect(headers.get('access-control-allow-origin')).toBeNull();
    }
  });
});
