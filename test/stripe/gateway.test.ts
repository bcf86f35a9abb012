import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { outcomeOf, toDomainError } from '../../src/stripe/failure.js';
import { ATTEMPTS_MAX } from '../../src/stripe/retry-rules.js';
import { STRIPE_API_VERSION } from '../../src/stripe/api-version.js';
import { Replicas, type Replica } from './replicas.js';

const FIGURES = { requestsPerSecond: 1_000, endpointPerSecond: 1_000, timeoutMs: 500 };

let replicas: Replicas;
let replica: Replica;
beforeAll(async () => {
  replicas = await Replicas.open();
});
beforeEach(async () => {
  replica = await replicas.start(FIGURES);
});
afterEach(() => replicas.reset());
afterAll(() => replicas.close());

const asked = (method: string, path: string): number => replicas.sandbox.requests.list({ method, path }).length;
const get = (path: string, options = {}) => replica.gateway.get(replica.workspaceId, path, options);
const post = (path: string, params: Record<string, unknown>, idempotencyKey: string, options = {}) =>
  replica.gateway.post(replica.workspaceId, path, params, { idempotencyKey, ...options });

async function failureOf(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    () => {
      throw new Error('this call was to fail');
    },
    (error: unknown) => error,
  );
}

describe('an answer', () => {
  it('carries its body, version, request and stamp, and counts what it cost', async () => {
    let cost = 0;

    const made = await post('/v1/customers', { name: 'Ada', metadata: { a: 1 } }, 'made-1', {
      meter: { count: () => cost++ },
    });

    const [request] = replicas.sandbox.requests.list({ method: 'POST' });
    expect(made).toMatchObject({
      body: { object: 'customer', name: 'Ada', metadata: { a: '1' } },
      apiVersion: STRIPE_API_VERSION,
      requestId: request?.id,
    });
    expect(Math.abs(made.stampSeconds - replicas.sandbox.clock.now().getTime() / 1_000)).toBeLessThan(5);
    expect(request?.idempotencyKey).toBe('made-1');
    expect(cost).toBe(1);
  });

  it('of a deletion says so, and the second time there is nothing', async () => {
    const { body } = await post('/v1/customers', { name: 'Ada' }, 'made-2');
    const path = `/v1/customers/${String(body.id)}`;

    const gone = await replica.gateway.delete(replica.workspaceId, path);

    expect(gone.body).toMatchObject({ id: body.id, deleted: true });
    const again = await failureOf(replica.gateway.deleteWithKey(replica.workspaceId, path, { idempotencyKey: 'k' }));
    expect(toDomainError(again)).toMatchObject({ kind: 'not_found', code: 'stripe_resource_missing' });
    expect(replicas.sandbox.requests.list({ method: 'DELETE' }).map(({ idempotencyKey }) => idempotencyKey)).toEqual([
      null,
      'k',
    ]);
  });

  it('in another version is asked for by the call', async () => {
    const refused = await failureOf(get('/v1/charges', { apiVersion: '2018-05-21' }));

    expect((refused as Error).message).toContain('2018-05-21');
  });
});

describe('a read', () => {
  it.each([
    ['429', { kind: 'rate_limit', reason: 'global-rate' }],
    ['500', { kind: 'server_error' }],
    ['a broken connection', { kind: 'reset' }],
    ['no answer', { kind: 'hang' }],
  ] as const)('that met %s is sent again', async (_name, fault) => {
    replicas.sandbox.faults.add({ ...fault, method: 'GET', path: '/v1/charges' });
    let cost = 0;

    const { body } = await get('/v1/charges', { meter: { count: () => cost++ } });

    expect(body).toMatchObject({ object: 'list' });
    expect(asked('GET', '/v1/charges')).toBe(2);
    expect(cost).toBe(2);
  });

  it('is not sent again when Stripe says so, or when it would be no use', async () => {
    replicas.sandbox.faults.add({ kind: 'server_error', path: '/v1/charges', shouldRetry: false });

    await failureOf(get('/v1/charges'));
    await failureOf(get('/v1/customers/cus_unknown'));

    expect(asked('GET', '/v1/charges')).toBe(1);
    expect(asked('GET', '/v1/customers/cus_unknown')).toBe(1);
  });

  it('is not sent without end', async () => {
    replicas.sandbox.faults.add({ kind: 'server_error', path: '/v1/charges', rate: 1 });
    const quick = await replicas.start({ ...FIGURES, retryWithinMs: { refetch: 600, interactive: 600, bulk: 600 } });

    const error = await failureOf(quick.gateway.get(quick.workspaceId, '/v1/charges'));

    expect(toDomainError(error)).toMatchObject({ kind: 'upstream_failed' });
    expect(asked('GET', '/v1/charges')).toBeGreaterThan(1);
    expect(asked('GET', '/v1/charges')).toBeLessThan(ATTEMPTS_MAX);
  });
});

describe('a write', () => {
  it.each([
    ['429', { kind: 'rate_limit', reason: 'global-rate' }, 'retry'],
    ['500', { kind: 'server_error' }, 'unknown'],
    ['a broken connection', { kind: 'reset' }, 'unknown'],
    ['no answer', { kind: 'hang' }, 'unknown'],
  ] as const)('that met %s is left to the caller', async (_name, fault, outcome) => {
    replicas.sandbox.faults.add({ ...fault, method: 'POST', path: '/v1/customers' });

    const error = await failureOf(post('/v1/customers', { name: 'Ada' }, 'once'));

    expect(asked('POST', '/v1/customers')).toBe(1);
    expect(outcomeOf(error)).toBe(outcome);
    expect(outcomeOf(toDomainError(error))).toBe(outcome);
  });
});

describe('a refusal', () => {
  it.each([
    ['an unknown object', () => get('/v1/customers/cus_unknown'), 'not_found', 'stripe_resource_missing', 'id'],
    [
      'a parameter that is wrong',
      () => post('/v1/customers', { nickname: 'x' }, 'wrong'),
      'unprocessable',
      'stripe_parameter_unknown',
      'nickname',
    ],
    [
      'a parameter that is missing',
      () => post('/v1/transfers', { currency: 'usd' }, 'missing'),
      'unprocessable',
      'stripe_parameter_missing',
      expect.stringMatching(/^(amount|destination)$/),
    ],
  ])('of %s has its code, field and request', async (_name, call, kind, code, field) => {
    const error = toDomainError(await failureOf(call()));

    const [request] = replicas.sandbox.requests.list().slice(-1);
    expect(error).toMatchObject({ kind, code, field, message: expect.stringContaining(request?.id ?? '') });
  });

  it('of a card names why it was declined', async () => {
    const error = await failureOf(
      post(
        '/v1/payment_intents',
        {
          amount: 1_000,
          currency: 'usd',
          payment_method: 'pm_card_chargeDeclinedInsufficientFunds',
          confirm: true,
        },
        'declined',
      ),
    );

    expect(toDomainError(error)).toMatchObject({
      kind: 'payment_required',
      code: 'stripe_card_declined',
      message: expect.stringContaining('insufficient_funds'),
    });
  });

  it('of a key under which something else was asked names the remedy', async () => {
    await post('/v1/customers', { name: 'Ada' }, 'same');

    const error = await failureOf(post('/v1/customers', { name: 'Grace' }, 'same'));

    expect(toDomainError(error)).toMatchObject({ kind: 'conflict', code: 'stripe_idempotency_mismatch' });
    expect(outcomeOf(error)).toBe('unknown');
  });

  it('of a key that is in use names the remedy', async () => {
    replicas.sandbox.faults.add({ kind: 'latency', method: 'POST', path: '/v1/customers', latencyMs: 300 });
    const first = post('/v1/customers', { name: 'Ada' }, 'busy');
    while (asked('POST', '/v1/customers') === 0) await new Promise((resolve) => setImmediate(resolve));

    const error = await failureOf(post('/v1/customers', { name: 'Ada' }, 'busy'));

    expect(toDomainError(error)).toMatchObject({ kind: 'conflict', code: 'stripe_idempotency_key_in_use' });
    await expect(first).resolves.toMatchObject({ body: { name: 'Ada' } });
  });

  it('of an account that is not ours is told from a missing permission', async () => {
    const error = toDomainError(await failureOf(get('/v1/charges', { account: 'acct_stranger' })));

    expect(error).toMatchObject({ kind: 'forbidden', code: 'stripe_account_invalid' });
    expect(error.message).toContain('acct_stranger');
  });

  it('for too many requests says when to come back', async () => {
    replicas.sandbox.faults.add({ kind: 'rate_limit', method: 'POST', path: '/v1/customers', reason: 'endpoint-rate' });

    const error = toDomainError(await failureOf(post('/v1/customers', {}, 'many')));

    expect(error).toMatchObject({ kind: 'rate_limited', code: 'stripe_rate_limit', retryAfterSeconds: 1 });
    expect(error.message).toContain('endpoint-rate');
  });

  it('by nobody is told from a refusal: no answer in time, and nobody there', async () => {
    replicas.sandbox.faults.add({ kind: 'hang', method: 'POST', path: '/v1/customers' });
    const late = toDomainError(await failureOf(post('/v1/customers', {}, 'late')));
    expect(late).toMatchObject({ kind: 'unavailable', code: 'stripe_timeout' });
    expect(late.message).toContain('0.5 s');

    const nowhere = await replicas.start(
      { ...FIGURES, retryWithinMs: { refetch: 0, interactive: 0, bulk: 0 } },
      { apiBase: 'http://127.0.0.1:9' },
    );
    const gone = toDomainError(await failureOf(nowhere.gateway.get(nowhere.workspaceId, '/v1/charges')));
    expect(gone).toMatchObject({ kind: 'unavailable', code: 'stripe_unreachable' });
  });

  it('needs a key to come to', async () => {
    const error = await failureOf(replica.gateway.get('ws_other', '/v1/charges'));

    expect(error).toMatchObject({ kind: 'unavailable', code: 'stripe_not_configured' });
    expect(replica.gateway.isConfigured('ws_other')).toBe(false);
    expect(replica.gateway.isConfigured(replica.workspaceId)).toBe(true);
  });
});
