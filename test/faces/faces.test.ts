import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startProbedService } from '../support/probe.js';
import type { TestService } from '../support/test-service.js';
import { FACE_CASES } from './cases.js';
import type { FaceCase } from './cases.js';
import { REFERRAL_CASES } from './referral-cases.js';

let service: TestService;

beforeAll(async () => {
  service = await startProbedService();
});
afterAll(() => service?.stop());

async function headersOf({ scopes, headers }: FaceCase): Promise<Record<string, string>> {
  if (scopes === null) return { ...headers, authorization: '' };
  if (scopes === undefined) return { ...headers };
  return { ...headers, authorization: `Bearer ${await service.newKey(scopes)}` };
}

describe.each([...FACE_CASES, ...REFERRAL_CASES])('$name', (faceCase) => {
  it('over HTTP', async () => {
    const given = (await faceCase.given?.(service)) ?? {};
    const { method, path, body } = faceCase.http(given);

    const answer = await service.http<{ error?: object }>(method, path, body, await headersOf(faceCase));

    const { answer: expected } = faceCase;
    expect({ status: answer.status, body: answer.body }).toMatchObject({
      status: expected.http,
      body: 'code' in expected ? { error: { code: expected.code } } : expected.fields,
    });
    if ('code' in expected) {
      const error = { code: expected.code, message: expect.any(String), requestId: answer.headers.get('x-request-id') };
      expect(answer.body.error).toEqual(expected.field === undefined ? error : { ...error, field: expected.field });
    }
  });

  it('over gRPC', async () => {
    const given = (await faceCase.given?.(service)) ?? {};
    const { service: name, method, request } = faceCase.grpc(given);

    const answer = await service.grpc.call(name, method, request, { headers: await headersOf(faceCase) });

    const { answer: expected } = faceCase;
    if ('fields' in expected) {
      expect(answer).toMatchObject({ code: status.OK, message: expected.fields });
      return;
    }
    expect(answer).toMatchObject({ code: expected.grpc, body: { error: { code: expected.code } } });
    const error = { code: expected.code, message: answer.details, requestId: answer.trailers['x-request-id'] };
    expect(answer.body.error).toEqual(expected.field === undefined ? error : { ...error, field: expected.field });
  });
});
