import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startTestService } from '../support/test-service.js';
import type { TestService } from '../support/test-service.js';

const SECONDS_PER_DAY = 86_400;

let service: TestService;

beforeAll(async () => {
  service = await startTestService({ sandbox: true });
});
afterAll(() => service?.stop());

describe('sandbox mode', () => {
  it('moves the clock of the sandbox and of the service together', async () => {
    const before = service.clock.now().getTime();

    const answer = await service.http<{ now: string }>('POST', '/v1/sandbox/advance', { seconds: SECONDS_PER_DAY });

    expect(answer.status).toBe(200);
    const movedMs = service.clock.now().getTime() - before;
    expect(movedMs).toBeGreaterThanOrEqual(SECONDS_PER_DAY * 1_000);
    expect(Math.abs(new Date(answer.body.now).getTime() - service.clock.now().getTime())).toBeLessThan(5_000);
    const clock = (await (await fetch(`${service.sandbox?.url}/_sandbox/clock`)).json()) as { now: string };
    expect(Math.abs(new Date(clock.now).getTime() - service.clock.now().getTime())).toBeLessThan(5_000);
  });

  it('refuses to go back, and whoever lacks the scope', async () => {
    const token = await service.newKey(['billing:write']);

    expect((await service.http('POST', '/v1/sandbox/advance', { seconds: -1 })).status).toBe(400);
    const answer = await service.http(
      'POST',
      '/v1/sandbox/advance',
      { seconds: 1 },
      { authorization: `Bearer ${token}` },
    );
    expect(answer.status).toBe(403);
  });

  it('has the sandbox send its webhooks to this service, once, also after a restart', async () => {
    const headers = { authorization: 'Bearer sk_test_any' };
    const list = (await (await fetch(`${service.sandbox?.url}/v1/webhook_endpoints`, { headers })).json()) as {
      data: { url: string }[];
    };

    expect(list.data.map(({ url }) => url)).toEqual([`${service.httpUrl}/webhooks/stripe`]);
  });

  it('is followed by a service of another process', async () => {
    const other = await startTestService({
      sandbox: false,
      databaseUrl: service.databaseUrl,
      env: {
        TRIBUTARY_SANDBOX: 'auto',
        STRIPE_API_BASE: service.sandbox?.url ?? '',
        STRIPE_SECRET_KEY: 'sk_test_any',
        TRIBUTARY_API_KEY: service.apiKey,
      },
    });
    try {
      expect(Math.abs(other.clock.now().getTime() - service.clock.now().getTime())).toBeLessThan(5_000);
      await other.http('POST', '/v1/sandbox/advance', { seconds: 3_600 });
      expect(Math.abs(other.clock.now().getTime() - service.clock.now().getTime())).toBeLessThan(5_000);
    } finally {
      await other.stop();
    }
  });
});

describe('without a sandbox', () => {
  it('has no way to move the clock', async () => {
    const other = await startTestService({ sandbox: false });
    try {
      const answer = await other.http('POST', '/v1/sandbox/advance', { seconds: 1 });
      expect(answer).toMatchObject({ status: 404, body: { error: { code: 'route_not_found' } } });
    } finally {
      await other.stop();
    }
  });
});
