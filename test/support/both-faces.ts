import { status } from '@grpc/grpc-js';
import { expect } from '@jest/globals';
import type { TestService } from './test-service.js';

/** What of an answer may differ between two askings. */
const MOVING = new Set(['checkedAt', 'requestId']);

/** Asks the same over HTTP and gRPC, expects the same answer in the same words, and gives HTTP's. */
export async function sameOnBothFaces<T>(
  service: TestService,
  path: string,
  [name, method]: readonly [service: string, method: string],
  request: object = {},
): Promise<T> {
  const http = await service.http<T>('GET', path);
  const grpc = await service.grpc.call(name, method, request);

  expect([http.status, grpc.code]).toEqual([200, status.OK]);
  expect(told(grpc.message)).toEqual(told(http.body));
  return http.body;
}

/** An answer without what says nothing: null and absent are one, as are an absent list or text and an empty one. */
function told(value: unknown): unknown {
  if (value === null || value === '' || value === undefined) return undefined;
  if (Array.isArray(value)) return value.length === 0 ? undefined : value.map(told);
  if (typeof value === 'string' && value.startsWith('{')) return told(JSON.parse(value));
  if (typeof value !== 'object') return value;
  const fields = Object.entries(value).filter(([name]) => !MOVING.has(name));
  return Object.fromEntries(fields.map(([name, one]) => [name, told(one)]).filter(([, one]) => one !== undefined));
}
