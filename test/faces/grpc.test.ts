import { Client, credentials, Metadata, status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { service as healthService } from 'grpc-health-check';
import { BODY_BYTES_MAX } from '../../src/http-server.js';
import { startProbedService } from '../support/probe.js';
import type { TestService } from '../support/test-service.js';

let service: TestService;

beforeAll(async () => {
  service = await startProbedService();
});
afterAll(() => service?.stop());

interface ThingMessage {
  amountMinor: number;
  at: string;
  workspaceId: string;
  data: string;
}

type Answered = { code: status; value?: unknown };

/** Calls a method of the health or reflection service without a key. */
function callPlain(
  definition: { path: string; requestSerialize(value: object): Buffer; responseDeserialize(bytes: Buffer): unknown },
  request: object,
): Promise<Answered> {
  const client = new Client(service.grpcAddress, credentials.createInsecure());
  return new Promise((resolve) => {
    client.makeUnaryRequest(
      definition.path,
      (value: object) => definition.requestSerialize(value),
      (bytes) => definition.responseDeserialize(bytes),
      request,
      new Metadata(),
      (error, value) => {
        client.close();
        resolve({ code: error?.code ?? status.OK, value });
      },
    );
  });
}

describe('a message', () => {
  it('carries amounts exactly, times as ISO 8601 and objects as JSON text', async () => {
    const { message } = await service.grpc.call<ThingMessage>('Probe', 'GetThing', { id: 'thing_1' });

    expect(message).toMatchObject({
      amountMinor: Number.MAX_SAFE_INTEGER,
      at: '1970-01-01T00:00:00.000Z',
      workspaceId: service.workspaceId,
    });
    expect(JSON.parse(message?.data ?? '')).toEqual({ nested: [1] });
  });

  it('of more than 1 MiB is refused', async () => {
    const answer = await service.grpc.call('Probe', 'GetThing', { id: 'x'.repeat(BODY_BYTES_MAX) });

    expect(answer.code).toBe(status.RESOURCE_EXHAUSTED);
  });

  it('with an amount beyond what is exact is refused', async () => {
    const answer = await service.grpc.call('Probe', 'CreateThing', { name: 'x', amountMinor: '9007199254740993' });

    expect(answer).toMatchObject({ code: status.INVALID_ARGUMENT, body: { error: { field: 'amountMinor' } } });
  });
});

describe('a call', () => {
  it('answers its request id in the trailers, whether it went well or not', async () => {
    const headers = { 'x-request-id': 'trace-7' };

    const good = await service.grpc.call('Probe', 'GetThing', { id: 'thing_1' }, { headers });
    const bad = await service.grpc.call('Probe', 'GetThing', { id: 'none' }, { headers });

    expect(good.trailers['x-request-id']).toBe('trace-7');
    expect(bad.trailers['x-request-id']).toBe('trace-7');
    expect(bad.body.error?.requestId).toBe('trace-7');
  });

  it('does no work after its deadline', async () => {
    const answer = await service.grpc.call(
      'Probe',
      'GetThing',
      { id: 'thing_1' },
      { deadline: new Date(Date.now() - 1) },
    );

    expect(answer.code).toBe(status.DEADLINE_EXCEEDED);
  });

  it('to a method without a handler is unimplemented', async () => {
    expect((await service.grpc.call('Probe', 'NoHandler', { id: 'x' })).code).toBe(status.UNIMPLEMENTED);
  });
});

describe('health', () => {
  it('is told without a key', async () => {
    const check = healthService.Check;
    if (!check) throw new Error('the health service has no Check');

    const answer = await callPlain(check as never, { service: '' });

    expect(answer).toMatchObject({ code: status.OK, value: { status: 'SERVING' } });
  });
});

describe('reflection', () => {
  it.each([
    ['true', true],
    ['false', false],
  ])('GRPC_REFLECTION=%s', async (setting, isThere) => {
    const other = await startProbedService({ env: { GRPC_REFLECTION: setting } });
    try {
      expect(await listServices(other.grpcAddress)).toBe(isThere ? status.OK : status.UNIMPLEMENTED);
    } finally {
      await other.stop();
    }
  });
});

/** How a reflection request is answered; an empty one is enough to see whether anybody is there. */
function listServices(address: string): Promise<status> {
  const client = new Client(address, credentials.createInsecure());
  const path = '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo';
  const empty = Buffer.from([0x3a, 0x00]);
  return new Promise((resolve) => {
    const call = client.makeBidiStreamRequest(
      path,
      () => empty,
      (bytes: Buffer) => bytes,
    );
    call.on('data', () => call.end());
    call.on('error', () => undefined);
    call.on('status', ({ code }: { code: status }) => {
      client.close();
      resolve(code);
    });
    call.write({});
  });
}
