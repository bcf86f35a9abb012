import { status } from '@grpc/grpc-js';
import { afterEach, describe, expect, it } from '@jest/globals';
import { AccessLimits, RateLimitsService } from '../../src/access/rate-limits.service.js';
import { formatToken, newToken } from '../../src/access/api-key-token.js';
import { startProbedService } from '../support/probe.js';
import type { TestService, TestServiceOptions } from '../support/test-service.js';

const TIGHT = { windowMs: 60_000, hitsMax: 5 };
const WIDE = { windowMs: 60_000, hitsMax: 10_000 };

let running: TestService[] = [];

async function start(
  figures: ConstructorParameters<typeof AccessLimits>[0],
  options: TestServiceOptions = {},
): Promise<TestService> {
  await awayFromWindowEnd();
  const service = await startProbedService({ ...options, limits: new AccessLimits(figures) });
  running.push(service);
  return service;
}

/** A test that counts to five must not have the minute turn in between. */
async function awayFromWindowEnd(): Promise<void> {
  const leftMs = TIGHT.windowMs - (Date.now() % TIGHT.windowMs);
  if (leftMs < 8_000) await new Promise((resolve) => setTimeout(resolve, leftMs + 10));
}

afterEach(async () => {
  for (const service of running.reverse()) await service.stop();
  running = [];
});

const readThing = (service: TestService) => service.http('GET', '/v1/probe/things/thing_1');
const readThingByGrpc = (service: TestService) => service.grpc.call('Probe', 'GetThing', { id: 'thing_1' });

describe('limits', () => {
  it('count a key on both faces together', async () => {
    const service = await start({ key: TIGHT, address: WIDE });
    for (let i = 0; i < 3; i++) expect((await readThing(service)).status).toBe(200);
    for (let i = 0; i < 2; i++) expect((await readThingByGrpc(service)).code).toBe(status.OK);

    const http = await readThing(service);
    const grpc = await readThingByGrpc(service);

    expect(http).toMatchObject({ status: 429, body: { error: { code: 'rate_limited' } } });
    expect(Number(http.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(grpc).toMatchObject({ code: status.RESOURCE_EXHAUSTED, body: { error: { code: 'rate_limited' } } });
    expect(Number(grpc.trailers['retry-after'])).toBeGreaterThan(0);
  }, 180_000);

  it('leave another key alone', async () => {
    const service = await start({ key: TIGHT, address: WIDE });
    for (let i = 0; i < 6; i++) await readThing(service);
    const token = await service.newKey(['*']);

    const answer = await service.http('GET', '/v1/probe/things/thing_1', undefined, {
      authorization: `Bearer ${token}`,
    });

    expect(answer.status).toBe(200);
  }, 180_000);

  it('count an address, but not where signed traffic arrives', async () => {
    const service = await start({ key: WIDE, address: TIGHT });
    for (let i = 0; i < 5; i++) expect((await service.http('GET', '/probe/counted')).status).toBe(200);

    expect((await service.http('GET', '/probe/counted')).status).toBe(429);
    expect((await readThing(service)).status).toBe(429);
    expect((await service.http('GET', '/probe/uncounted')).status).toBe(200);
  }, 180_000);

  it('answer wrong keys 429 after ten in a minute, and let right ones pass', async () => {
    const service = await start({});
    const wrong = { authorization: `Bearer ${formatToken(newToken())}` };
    const statuses: number[] = [];
    for (let i = 0; i < 5; i++) statuses.push((await service.http('GET', '/v1/probe/caller', undefined, wrong)).status);
    for (let i = 0; i < 5; i++) await service.grpc.call('Probe', 'GetThing', { id: 'x' }, { headers: wrong });

    expect(statuses).toEqual([401, 401, 401, 401, 401]);
    expect((await service.http('GET', '/v1/probe/caller', undefined, wrong)).status).toBe(429);
    expect((await service.grpc.call('Probe', 'GetThing', { id: 'x' }, { headers: wrong })).code).toBe(
      status.RESOURCE_EXHAUSTED,
    );
    expect((await readThing(service)).status).toBe(200);
  }, 180_000);

  it('are levelled between replicas', async () => {
    const first = await start({ key: TIGHT, address: WIDE });
    const second = await start(
      { key: TIGHT, address: WIDE },
      { databaseUrl: first.databaseUrl, env: { TRIBUTARY_API_KEY: first.apiKey } },
    );
    for (let i = 0; i < 3; i++) await readThing(first);
    for (let i = 0; i < 2; i++) await readThing(second);

    await first.app.get(RateLimitsService).level();
    await second.app.get(RateLimitsService).level();

    expect((await readThing(second)).status).toBe(429);
    const [stored] = await first.db.query<{ text: string }[]>(
      `SELECT string_agg(c::text, ' ') AS text FROM tributary.rate_counter c`,
    );
    expect(stored?.text).not.toMatch(/127\.0\.0\.1|address/);
  }, 180_000);

  it('believe a forwarded address only from a trusted proxy', async () => {
    const open = await start({ key: WIDE, address: TIGHT }, { env: { TRIBUTARY_TRUSTED_PROXIES: '' } });
    for (let i = 0; i < 5; i++)
      await open.http('GET', '/probe/counted', undefined, { 'x-forwarded-for': `203.0.113.${i}` });
    expect((await open.http('GET', '/probe/counted', undefined, { 'x-forwarded-for': '203.0.113.9' })).status).toBe(
      429,
    );

    const behind = await start({ key: WIDE, address: TIGHT }, { env: { TRIBUTARY_TRUSTED_PROXIES: '127.0.0.1' } });
    const from = (address: string) => behind.http('GET', '/probe/counted', undefined, { 'x-forwarded-for': address });
    for (let i = 0; i < 5; i++) expect((await from('198.51.100.7, 203.0.113.1')).status).toBe(200);
    expect((await from('192.0.2.1, 203.0.113.1')).status).toBe(429);
    expect((await from('203.0.113.2')).status).toBe(200);
    const byGrpc = { headers: { 'x-forwarded-for': '203.0.113.1', 'x-tributary-address': '192.0.2.55' } };
    expect((await behind.grpc.call('Probe', 'GetThing', { id: 'thing_1' }, byGrpc)).code).toBe(
      status.RESOURCE_EXHAUSTED,
    );
  }, 180_000);
});
