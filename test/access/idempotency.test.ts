import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newId } from '../../src/common/ids.js';
import { IdempotencyService } from '../../src/access/idempotency.service.js';
import { startProbedService, thingsNamed } from '../support/probe.js';
import type { HttpAnswer, TestService } from '../support/test-service.js';

let service: TestService;

beforeAll(async () => {
  service = await startProbedService();
});
afterAll(() => service?.stop());

interface ThingAnswer {
  id: string;
  error?: { code: string; requestId: string };
}

const WRITES = '/v1/probe/things';
const CALLS = '/v1/probe/stripe-calls';

function post(
  path: string,
  key: string,
  body: object,
  headers: Record<string, string> = {},
): Promise<HttpAnswer<ThingAnswer>> {
  return service.http<ThingAnswer>('POST', path, body, { 'idempotency-key': key, ...headers });
}

function thing(more: object = {}): { name: string; amountMinor: number } {
  return { name: newId('name'), amountMinor: 1, ...more };
}

describe.each([WRITES, CALLS])('POST %s with an Idempotency-Key', (path) => {
  it('answers a repetition with the first answer and does nothing', async () => {
    const body = thing();

    const first = await post(path, body.name, body);
    const second = await post(path, body.name, { amountMinor: 1, name: body.name });

    expect(first.status).toBe(201);
    expect(first.headers.get('idempotent-replayed')).toBeNull();
    expect(second).toMatchObject({ status: 201, body: first.body });
    expect(second.headers.get('idempotent-replayed')).toBe('true');
    expect(await thingsNamed(service, body.name)).toBe(1);
  });

  it('refuses another body under the same key', async () => {
    const body = thing();
    await post(path, body.name, body);

    const other = await post(path, body.name, { ...body, amountMinor: 2 });

    expect(other).toMatchObject({ status: 409, body: { error: { code: 'idempotency_mismatch' } } });
    expect(await thingsNamed(service, body.name)).toBe(1);
  });

  it('lets one of twenty at the same time through', async () => {
    const body = thing({ outcome: 'slow' });

    const answers = await Promise.all(Array.from({ length: 20 }, () => post(path, body.name, body)));

    const codes = answers.map((answer) => (answer.status === 201 ? 'created' : answer.body.error?.code));
    expect(new Set(codes)).toEqual(new Set(['created', 'idempotency_in_flight']));
    expect(new Set(answers.filter((answer) => answer.status === 201).map((answer) => answer.body.id)).size).toBe(1);
    expect(await thingsNamed(service, body.name)).toBe(1);
  });

  it('remembers what was refused as a fact, with the id of the request that asks', async () => {
    const body = thing({ outcome: 'conflict' });

    const first = await post(path, body.name, body);
    const second = await post(path, body.name, body);

    expect(first).toMatchObject({ status: 409, body: { error: { code: 'thing_taken', field: 'name' } } });
    expect(second).toMatchObject({ status: 409, body: { error: { code: 'thing_taken', field: 'name' } } });
    expect(second.headers.get('idempotent-replayed')).toBe('true');
    expect(second.body.error?.requestId).toBe(second.headers.get('x-request-id'));
  });

  it.each(['crash', 'unavailable'])('forgets an answer of ours that failed (%s)', async (outcome) => {
    const body = thing();
    expect((await post(path, body.name, { ...body, outcome })).status).toBeGreaterThanOrEqual(500);

    const again = await post(path, body.name, body);

    expect(again.status).toBe(201);
    expect(again.headers.get('idempotent-replayed')).toBeNull();
  });

  it('forgets a request that was not valid', async () => {
    const body = thing();
    expect((await post(path, body.name, { ...body, amountMinor: -1 })).status).toBe(400);

    expect((await post(path, body.name, body)).status).toBe(201);
  });

  it('keeps the keys of workspaces and of operations apart', async () => {
    const body = thing();
    const token = await service.newKey(['*'], { workspaceId: await service.newWorkspace() });
    await post(path, body.name, body);

    expect(
      (await post(path, body.name, body, { authorization: `Bearer ${token}` })).headers.get('idempotent-replayed'),
    ).toBeNull();
    expect((await post('/v1/probe/payments', body.name, body)).status).toBe(200);
    expect(await thingsNamed(service, body.name)).toBe(3);
  });

  it('forgets a key after a day', async () => {
    const body = thing();
    await post(path, body.name, body);
    await service.db.query(
      `UPDATE tributary.idempotency_key SET created_at = now() - interval '25 hours' WHERE key = $1`,
      [body.name],
    );

    expect((await post(path, body.name, { ...body, amountMinor: 2 })).status).toBe(201);
    expect(await thingsNamed(service, body.name)).toBe(2);
  });
});

describe('a transaction', () => {
  it('keeps nothing of a refused request, with or without a key', async () => {
    const body = thing({ outcome: 'conflict' });

    await post(WRITES, body.name, body);
    await service.http('POST', WRITES, body);

    expect(await thingsNamed(service, body.name)).toBe(0);
  });
});

describe('a call to Stripe', () => {
  it('is taken over when its process was lost and the lease ran out', async () => {
    const body = thing({ outcome: 'slow' });
    const lost = post(CALLS, body.name, body);
    await leaseOf(body.name);
    expect(await post(CALLS, body.name, body)).toMatchObject({
      status: 409,
      body: { error: { code: 'idempotency_in_flight' } },
    });
    await service.db.query(
      `UPDATE tributary.idempotency_key SET lease_until = now() - interval '1 second' WHERE key = $1`,
      [body.name],
    );

    const second = await post(CALLS, body.name, body);
    const first = await lost;

    expect(second.status).toBe(201);
    expect(first.body.id).not.toBe(second.body.id);
    expect((await post(CALLS, body.name, body)).body.id).toBe(second.body.id);
  });
});

async function leaseOf(key: string): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const rows = await service.db.query<unknown[]>(`SELECT 1 FROM tributary.idempotency_key WHERE key = $1`, [key]);
    if (rows.length > 0) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error('no lease was written');
}

describe('over gRPC', () => {
  it('answers a repetition with the first answer, and demands a key where money moves', async () => {
    const body = { ...thing(), at: '2026-01-01T00:00:00.000Z' };
    const headers = { 'idempotency-key': body.name };

    const first = await service.grpc.call('Probe', 'PayThing', body, { headers });
    const second = await service.grpc.call('Probe', 'PayThing', body, { headers });
    const other = await service.grpc.call('Probe', 'PayThing', { ...body, amountMinor: 2 }, { headers });

    expect(first).toMatchObject({ code: status.OK, message: { name: body.name, at: body.at } });
    expect(second.message).toEqual(first.message);
    expect(second.headers['idempotent-replayed']).toBe('true');
    expect(other).toMatchObject({
      code: status.FAILED_PRECONDITION,
      body: { error: { code: 'idempotency_mismatch' } },
    });
    expect(await thingsNamed(service, body.name)).toBe(1);
  });

  it('ends late work at the deadline and keeps nothing of it', async () => {
    const body = thing({ outcome: 'slow' });

    const answer = await service.grpc.call('Probe', 'CreateThing', body, { deadline: new Date(Date.now() + 150) });

    expect(answer.code).toBe(status.DEADLINE_EXCEEDED);
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(await thingsNamed(service, body.name)).toBe(0);
  });
});

describe('the purge', () => {
  it('forgets what is older than a day and nothing else', async () => {
    const [old, young] = [thing(), thing()];
    await post(WRITES, old.name, old);
    await post(WRITES, young.name, young);
    await service.db.query(
      `UPDATE tributary.idempotency_key SET created_at = now() - interval '25 hours' WHERE key = $1`,
      [old.name],
    );

    expect(await service.app.get(IdempotencyService).purge()).toBeGreaterThanOrEqual(1);

    expect((await post(WRITES, young.name, young)).headers.get('idempotent-replayed')).toBe('true');
    expect(await service.app.get(IdempotencyService).purge()).toBe(0);
  });
});
