import { status } from '@grpc/grpc-js';
import type { GrantedScope } from '../../src/access/policy.js';
import type { TestService } from '../support/test-service.js';

/**
 * One thing that a client may ask, said in the words of both faces. Both must answer the same: the same fields of the answer,
 * or the same error code, field and kind. A room adds its rows here; `given` makes what they are about.
 */
export interface FaceCase {
  name: string;
  /** Makes what the case needs; what it returns is handed to `http` and `grpc`. */
  given?: (service: TestService) => Promise<Record<string, string>>;
  /** The key's scopes; all of them when left out, no key at all when null. */
  scopes?: readonly GrantedScope[] | null;
  http: (given: Record<string, string>) => { method: string; path: string; body?: object };
  grpc: (given: Record<string, string>) => { service: string; method: string; request?: object };
  /** The same for both faces; `idempotency-key` is sent as it stands. */
  headers?: Record<string, string>;
  answer:
    { http: number; fields: Record<string, unknown> } | { http: number; grpc: status; code: string; field?: string };
}

const thing = { name: 'one', amountMinor: 100 };

function createThing(name: string, body: object, answer: FaceCase['answer'], more: Partial<FaceCase> = {}): FaceCase {
  return {
    name,
    http: () => ({ method: 'POST', path: '/v1/probe/things', body }),
    grpc: () => ({ service: 'Probe', method: 'CreateThing', request: body }),
    answer,
    ...more,
  };
}

function getThing(name: string, id: string, answer: FaceCase['answer'], more: Partial<FaceCase> = {}): FaceCase {
  return {
    name,
    http: () => ({ method: 'GET', path: `/v1/probe/things/${id}` }),
    grpc: () => ({ service: 'Probe', method: 'GetThing', request: { id } }),
    answer,
    ...more,
  };
}

function refused(http: number, grpc: status, code: string, field?: string): FaceCase['answer'] {
  return { http, grpc, code, field };
}

const invalid = (code: string, field: string): FaceCase['answer'] => refused(400, status.INVALID_ARGUMENT, code, field);

/** What every operation has in common, shown on the probe. */
export const FACE_CASES: readonly FaceCase[] = [
  getThing('answers with the same fields', 'thing_1', {
    http: 200,
    fields: { id: 'thing_1', name: 'one', amountMinor: Number.MAX_SAFE_INTEGER, at: '1970-01-01T00:00:00.000Z' },
  }),
  createThing('creates', thing, { http: 201, fields: { name: 'one', amountMinor: 100 } }),
  createThing(
    'reads an instant with its zone',
    { ...thing, at: '2026-01-01T01:00:00+01:00' },
    { http: 201, fields: { at: '2026-01-01T00:00:00.000Z' } },
  ),
  getThing('says what does not exist', 'thing_2', refused(404, status.NOT_FOUND, 'thing_not_found', 'id')),
  getThing('asks for a key', 'thing_1', refused(401, status.UNAUTHENTICATED, 'unauthenticated'), { scopes: null }),
  getThing('asks for the scope', 'thing_1', refused(403, status.PERMISSION_DENIED, 'missing_scope'), {
    scopes: ['billing:read'],
  }),
  getThing('accepts the scope', 'thing_1', { http: 200, fields: { id: 'thing_1' } }, { scopes: ['referrals:read'] }),
  {
    name: 'refuses what declares no policy, even with every scope',
    http: () => ({ method: 'GET', path: '/v1/probe/undeclared' }),
    grpc: () => ({ service: 'Probe', method: 'Undeclared', request: { id: 'thing_1' } }),
    answer: refused(403, status.PERMISSION_DENIED, 'no_policy'),
  },
  createThing('names a missing field', { name: 'one' }, invalid('missing_field', 'amountMinor')),
  createThing('refuses a negative amount', { ...thing, amountMinor: -1 }, invalid('invalid_field', 'amountMinor')),
  createThing(
    'names the path of a nested field',
    { ...thing, reward: { rateBps: 10_001 } },
    invalid('invalid_field', 'reward.rateBps'),
  ),
  createThing(
    'refuses an instant without a zone',
    { ...thing, at: '2026-01-01T00:00:00' },
    invalid('invalid_field', 'at'),
  ),
  createThing(
    'refuses a day that does not exist',
    { ...thing, at: '2026-02-30T00:00:00Z' },
    invalid('invalid_field', 'at'),
  ),
  createThing('refuses an unknown choice', { ...thing, outcome: 'perhaps' }, invalid('invalid_field', 'outcome')),
  createThing(
    'passes on what the service refuses',
    { ...thing, outcome: 'conflict' },
    refused(409, status.FAILED_PRECONDITION, 'thing_taken', 'name'),
  ),
  createThing(
    'hides what went wrong inside',
    { ...thing, outcome: 'crash' },
    refused(500, status.INTERNAL, 'internal'),
  ),
  createThing(
    'says that it may work later',
    { ...thing, outcome: 'unavailable' },
    refused(503, status.UNAVAILABLE, 'unavailable'),
  ),
  createThing('refuses a malformed idempotency key', thing, invalid('invalid_idempotency_key', 'Idempotency-Key'), {
    headers: { 'idempotency-key': 'with a space' },
  }),
  {
    name: 'demands an idempotency key where money moves',
    http: () => ({ method: 'POST', path: '/v1/probe/payments', body: thing }),
    grpc: () => ({ service: 'Probe', method: 'PayThing', request: thing }),
    answer: invalid('idempotency_key_required', 'Idempotency-Key'),
  },
  ...(['timeout', 'nul', 'terminated', 'anything'] as const).map((how): FaceCase => {
    const answers = {
      timeout: refused(408, status.DEADLINE_EXCEEDED, 'timeout'),
      nul: invalid('unstorable_text', undefined as unknown as string),
      terminated: refused(503, status.UNAVAILABLE, 'unavailable'),
      anything: refused(500, status.INTERNAL, 'internal'),
    };
    return {
      name: `translates a failure of the database: ${how}`,
      http: () => ({ method: 'GET', path: `/v1/probe/failures/${how}` }),
      grpc: () => ({ service: 'Probe', method: 'Fail', request: { how } }),
      answer: answers[how],
    };
  }),
];
