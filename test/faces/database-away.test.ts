import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { startProbedService } from '../support/probe.js';
import { createTestDatabase } from '../support/test-database.js';
import type { TestDatabase } from '../support/test-database.js';
import type { TestService } from '../support/test-service.js';

const ANSWER_LIMIT_MS = 2_000;

let database: TestDatabase;
let service: TestService;

beforeAll(async () => {
  database = await createTestDatabase();
  service = await startProbedService({ databaseUrl: database.url });
});
afterAll(async () => {
  await service?.stop();
  await database?.drop();
});

it('answers 503 and UNAVAILABLE within two seconds when the database is gone, never 401 or 500', async () => {
  expect((await service.http('GET', '/v1/probe/caller')).status).toBe(200);
  await database.drop();
  const startedAt = Date.now();

  const http = await service.http('POST', '/v1/probe/things', { name: 'one', amountMinor: 1 });
  const unknownKey = await service.http('GET', '/v1/probe/caller', undefined, {
    authorization: `Bearer trb_a_${'0'.repeat(64)}`,
  });
  const grpc = await service.grpc.call('Probe', 'CreateThing', { name: 'one', amountMinor: 1 });

  expect(http).toMatchObject({ status: 503, body: { error: { code: 'unavailable' } } });
  expect(http.headers.get('retry-after')).toBeTruthy();
  expect(unknownKey.status).toBe(503);
  expect(grpc).toMatchObject({ code: status.UNAVAILABLE, body: { error: { code: 'unavailable' } } });
  expect(Date.now() - startedAt).toBeLessThan(ANSWER_LIMIT_MS);
});
