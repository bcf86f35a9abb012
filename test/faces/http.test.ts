import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BODY_BYTES_MAX } from '../../src/http-server.js';
import { startProbedService } from '../support/probe.js';
import type { TestService } from '../support/test-service.js';

let service: TestService;

beforeAll(async () => {
  service = await startProbedService();
});
afterAll(() => service?.stop());

const WRITES = '/v1/probe/things';
const thing = { name: 'one', amountMinor: 1 };

describe('a body', () => {
  it.each([
    ['is no JSON', '{"name":', 'malformed_json', 'body'],
    ['is an array', '[]', 'invalid_body', 'body'],
    ['is a text', '"text"', 'invalid_body', 'body'],
    ['is null', 'null', 'invalid_body', 'body'],
    ['tries to reach the prototype', '{"__proto__": {"admin": true}, "name": "x"}', 'malformed_json', 'body'],
    ['is missing', '', 'missing_field', 'name'],
    ['has an unknown field', JSON.stringify({ ...thing, amount: 1 }), 'unknown_field', 'amount'],
    [
      'has an unknown nested field',
      JSON.stringify({ ...thing, reward: { rateBps: 1, rate: 1 } }),
      'unknown_field',
      'reward.rate',
    ],
    ['has a fractional amount', JSON.stringify({ ...thing, amountMinor: 1.5 }), 'invalid_field', 'amountMinor'],
    ['has an amount as text', JSON.stringify({ ...thing, amountMinor: '1' }), 'invalid_field', 'amountMinor'],
    [
      'has an amount beyond what is exact',
      '{"name":"x","amountMinor":9007199254740993}',
      'invalid_field',
      'amountMinor',
    ],
    ['has an object for a text', JSON.stringify({ ...thing, name: { $ne: '' } }), 'invalid_field', 'name'],
    ['has a text that cannot be stored', JSON.stringify({ ...thing, name: 'a\u0000b' }), 'invalid_field', 'name'],
    ['has half a character', '{"name":"\\ud800","amountMinor":1}', 'invalid_field', 'name'],
  ])('that %s is refused by name', async (_, body, code, field) => {
    const answer = await service.http('POST', WRITES, body);

    expect(answer).toMatchObject({ status: 400, body: { error: { code, field } } });
  });

  it('of another media type is refused', async () => {
    const answer = await service.http('POST', WRITES, 'name=one', {
      'content-type': 'application/x-www-form-urlencoded',
    });

    expect(answer).toMatchObject({ body: { error: { code: 'unsupported_media_type' } } });
    expect([400, 415]).toContain(answer.status);
  });

  it('of more than 1 MiB is refused, whatever its type', async () => {
    const large = JSON.stringify({ ...thing, name: 'x'.repeat(BODY_BYTES_MAX) });

    expect(await service.http('POST', WRITES, large)).toMatchObject({
      status: 413,
      body: { error: { code: 'body_too_large' } },
    });
    expect((await service.http('POST', '/webhooks/stripe', large, { 'content-type': 'text/plain' })).status).toBe(413);
  });
});

describe('a list', () => {
  interface Letters {
    data: string[];
    nextCursor: string | null;
  }

  it('is read page by page', async () => {
    const first = await service.http<Letters>('GET', '/v1/probe/letters?limit=3');
    const second = await service.http<Letters>(
      'GET',
      `/v1/probe/letters?limit=3&cursor=${first.body.nextCursor ?? ''}`,
    );

    expect(first.body.data).toEqual(['a', 'b', 'c']);
    expect(second.body).toEqual({ data: ['d', 'e'], nextCursor: null });
  });

  it.each([
    ['limit=0', 'limit'],
    ['limit=101', 'limit'],
    ['limit=ten', 'limit'],
    ['limit=1.5', 'limit'],
    ['limit=', 'limit'],
    ['limit=1&limit=2', 'limit'],
    ['cursor=abc', 'cursor'],
    ['cursor=', 'cursor'],
    ['cursor=a&cursor=b', 'cursor'],
    ['offset=1', 'offset'],
  ])('refuses ?%s by name', async (query, field) => {
    const answer = await service.http('GET', `/v1/probe/letters?${query}`);

    expect(answer).toMatchObject({ status: 400, body: { error: { field } } });
  });
});

describe('a request id', () => {
  it('is the one that was sent, when it is sane', async () => {
    const answer = await service.http('GET', '/v1/probe/things/none', undefined, { 'x-request-id': 'trace-1.a:b' });

    expect(answer.headers.get('x-request-id')).toBe('trace-1.a:b');
    expect(answer.body).toMatchObject({ error: { requestId: 'trace-1.a:b' } });
  });

  it('is made up otherwise, also where no route was found', async () => {
    const answer = await service.http<{ error: { requestId: string } }>('GET', '/nowhere', undefined, {
      'x-request-id': 'a b\u00e9',
    });

    expect(answer.body.error.requestId).toMatch(/^\w+_\w{26}$/);
    expect(answer.headers.get('x-request-id')).toBe(answer.body.error.requestId);
  });

  it('also answers a URL that cannot be decoded', async () => {
    const answer = await service.http('GET', '/v1/probe/things/%E0%A4%A');

    expect(answer).toMatchObject({ status: 400, body: { error: { code: 'invalid_url' } } });
    expect(answer.headers.get('x-request-id')).toBeTruthy();
  });
});

it('refuses a request that never ends with 408', async () => {
  const { hostname, port } = new URL(service.httpUrl);
  const socket = connect(Number(port), hostname);
  socket.write('POST /v1/probe/things HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n');

  const answer = await new Promise<string>((resolve, reject) => {
    let text = '';
    socket.on('data', (chunk) => (text += chunk.toString()));
    socket.on('close', () => resolve(text));
    socket.on('error', reject);
  });

  expect(answer).toMatch(/^HTTP\/1\.1 408 /);
}, 180_000);

describe('the documentation', () => {
  it('describes every route with bearer keys and the shape of errors', async () => {
    const { body } = await service.http<{
      components: { securitySchemes: object; schemas: Record<string, unknown> };
      security: unknown;
      paths: Record<string, Record<string, { security?: unknown; responses: Record<string, unknown> }>>;
    }>('GET', '/openapi.json', undefined, { authorization: '' });

    const scheme = { type: 'http', scheme: 'bearer', description: expect.any(String) };
    expect(body.components.securitySchemes).toEqual({ bearer: scheme });
    expect(body.security).toEqual([{ bearer: [] }]);
    for (const path of ['/r/{code}', '/t.js', '/livez', '/readyz', '/metrics']) {
      expect([path, body.paths[path]?.get?.security]).toEqual([path, [{}]]);
    }
    expect(body.paths['/v1/partners']?.get?.security).toBeUndefined();
    expect(Object.keys(body.paths['/r/{code}']?.get?.responses ?? {})).toEqual(['302', 'default']);
    expect(body.paths['/v1/partners']?.get?.responses['200']).toMatchObject({
      content: {
        'application/json': {
          schema: { properties: { data: { items: { $ref: expect.stringMatching(/PartnerView$/) } } } },
        },
      },
    });
    expect(body.components.schemas.Error).toBeDefined();
    expect(body.paths['/v1/probe/things']?.post?.responses).toHaveProperty('default');
  });

  it('is a page that loads nothing from elsewhere', async () => {
    const page = await service.http<string>('GET', '/docs', undefined, { authorization: '' });
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
    for (const [, path] of page.body.matchAll(/(?:src|href)="([^"]+)"/g)) {
      expect((await service.http('GET', path ?? '', undefined, { authorization: '' })).status).toBe(200);
    }
  });
});
