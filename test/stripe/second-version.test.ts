import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { toDomainError } from '../../src/stripe/failure.js';
import { Replicas, type Replica } from './replicas.js';

interface Got {
  method: string;
  url: string;
  headers: IncomingMessage['headers'];
  body: string;
}

/** What the sandbox does not speak yet: the wire of `/v2/`, one prepared answer at a time. */
let got: Got[] = [];
let answer: { status: number; body: object; headers?: Record<string, string> };
let server: Server;
let replicas: Replicas;
let replica: Replica;
beforeAll(async () => {
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      got.push({ method, url, headers, body: Buffer.concat(chunks).toString() });
      response.writeHead(answer.status, {
        'content-type': 'application/json',
        'request-id': 'req_v2',
        'stripe-version': '2026-11-01.preview',
        ...answer.headers,
      });
      response.end(JSON.stringify(answer.body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  replicas = await Replicas.open();
  const apiBase = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  replica = await replicas.start({ requestsPerSecond: 1_000 }, { apiBase });
});
beforeEach(() => {
  got = [];
});
afterAll(async () => {
  await replicas.close();
  await new Promise((resolve) => server.close(resolve));
});

const PATH = '/v2/core/event_destinations';

describe('the second version of the API', () => {
  it('is written to in JSON, with the account in its own header', async () => {
    answer = { status: 200, body: { id: 'ed_1', object: 'v2.core.event_destination' } };

    const made = await replica.gateway.post(
      replica.workspaceId,
      PATH,
      { name: 'Tributary', enabled_events: ['invoice.paid'], metadata: { a: 'b' } },
      { idempotencyKey: 'made-1', account: 'acct_1', apiVersion: '2026-11-01.preview' },
    );

    expect(made).toMatchObject({ body: { id: 'ed_1' }, apiVersion: '2026-11-01.preview', requestId: 'req_v2' });
    expect(got).toHaveLength(1);
    expect(JSON.parse(got[0]?.body ?? '')).toEqual({
      name: 'Tributary',
      enabled_events: ['invoice.paid'],
      metadata: { a: 'b' },
    });
    expect(got[0]?.headers).toMatchObject({
      'content-type': 'application/json',
      'idempotency-key': 'made-1',
      'stripe-context': 'acct_1',
      'stripe-version': '2026-11-01.preview',
    });
    expect(got[0]?.headers['stripe-account']).toBeUndefined();
  });

  it('is read and deleted from without a body, a deletion under its key', async () => {
    answer = { status: 200, body: { id: 'ed_1' } };

    await replica.gateway.get(replica.workspaceId, `${PATH}?limit=20`);
    await replica.gateway.deleteWithKey(replica.workspaceId, `${PATH}/ed_1`, { idempotencyKey: 'gone-1' });

    expect(got.map(({ method, url, body }) => ({ method, url, body }))).toEqual([
      { method: 'GET', url: `${PATH}?limit=20`, body: '' },
      { method: 'DELETE', url: `${PATH}/ed_1`, body: '' },
    ]);
    expect(got[1]?.headers['idempotency-key']).toBe('gone-1');
  });

  it.each([
    [400, { code: 'invalid_fields', message: 'x' }, 'unprocessable', 'stripe_invalid_fields'],
    [404, { code: 'not_found', message: 'x' }, 'not_found', 'stripe_not_found'],
    [
      400,
      { type: 'idempotency_error', code: 'idempotency_error', message: 'x' },
      'conflict',
      'stripe_idempotency_mismatch',
    ],
    [400, { type: 'quota_exceeded', code: 'quota', message: 'x' }, 'unprocessable', 'stripe_quota'],
    [
      403,
      { code: 'forbidden', message: "Having the 'rak_event_destination_write' permission helps." },
      'forbidden',
      'stripe_permission_missing',
    ],
  ])('refuses with %i %j, which becomes ours', async (status, error, kind, code) => {
    answer = { status, body: { error } };

    const call = replica.gateway.post(replica.workspaceId, PATH, {}, { idempotencyKey: 'refused' });
    const refused = await call.then(
      () => null,
      (thrown: unknown) => toDomainError(thrown),
    );

    expect(refused).toMatchObject({ kind, code, message: expect.stringContaining('req_v2') });
  });

  it('is not asked again before the time that it names', async () => {
    answer = { status: 503, body: { error: { message: 'x' } }, headers: { 'retry-after': '1' } };
    const startedAt = performance.now();
    const reading = replica.gateway.get(replica.workspaceId, PATH);
    while (got.length === 0) await new Promise((resolve) => setImmediate(resolve));
    answer = { status: 200, body: { data: [] } };

    await expect(reading).resolves.toMatchObject({ body: { data: [] } });

    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(1_000);
    expect(got).toHaveLength(2);
  });
});
