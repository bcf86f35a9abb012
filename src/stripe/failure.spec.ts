import { describe, expect, it } from '@jest/globals';
import Stripe from 'stripe';
import { failureCodeOf, missingPermissionsOf, outcomeOf, toDomainError } from './failure.js';

/** As the SDK makes it of an answer of the first version of the API. */
function v1(statusCode: number, fields: Record<string, unknown>, headers: Record<string, string> = {}) {
  const answer = { statusCode, headers, requestId: 'req_1', type: 'invalid_request_error', message: 'no', ...fields };
  return Stripe.errors.StripeError.generate(answer as never);
}

describe('what a restricted key may not do', () => {
  const message =
    "The provided key 'rk_test_**********qs8Kgd' does not have the required permissions for this endpoint on account " +
    "'acct_1PJBLEBBLEfV'. Having the 'rak_charge_read' permission would allow this request to continue.";

  it('is named, with the account and never with the key', () => {
    const error = toDomainError(v1(403, { message }));

    expect(error).toMatchObject({ kind: 'forbidden', code: 'stripe_permission_missing' });
    expect(error.message).toContain('rak_charge_read');
    expect(error.message).toContain('acct_1PJBLEBBLEfV');
    expect(error.message).toContain('req_1');
    expect(error.message).not.toContain('rk_test');
    expect(missingPermissionsOf(error)).toEqual(['rak_charge_read']);
    expect(missingPermissionsOf(error.cause)).toEqual(['rak_charge_read']);
  });

  it('is told even when Stripe does not name it', () => {
    const unnamed = v1(403, { message: 'This is a restricted API key, but the permissions are not available.' });

    expect(toDomainError(unnamed)).toMatchObject({ kind: 'forbidden', code: 'stripe_permission_missing' });
    expect(missingPermissionsOf(unnamed)).toEqual([]);
    expect(outcomeOf(unnamed)).toBe('retry');
  });
});

describe('a key that Stripe refuses', () => {
  it.each([
    [v1(401, { message: 'Invalid API Key provided: sk_test_****1234' }), 'was refused'],
    [v1(401, { message: 'Expired API Key provided: sk_live_****1234', code: 'api_key_expired' }), 'has expired'],
  ])('is a failure of ours with its remedy and without the key', (refused, why) => {
    const error = toDomainError(refused);

    expect(error).toMatchObject({ kind: 'upstream_failed', code: 'stripe_key_refused' });
    expect(error.message).toContain(why);
    expect(error.message).toContain('STRIPE_SECRET_KEY');
    expect(error.message).not.toMatch(/[sr]k_(test|live)/);
  });
});

describe('refusals of the second version of the API', () => {
  const v2 = <T>(make: new (raw: never) => T, raw: Record<string, unknown>): T =>
    new make({ statusCode: 400, requestId: 'req_2', headers: {}, message: 'no', ...raw } as never);

  it.each([
    [v2(Stripe.errors.StripeInvalidRequestError, { code: 'invalid_fields' }), 'unprocessable', 'stripe_invalid_fields'],
    [
      v2(Stripe.errors.InvalidPaymentMethodError, { type: 'invalid_payment_method', invalid_param: 'payment_method' }),
      'unprocessable',
      'stripe_invalid_payment_method',
    ],
    [v2(Stripe.errors.RateLimitError, { type: 'rate_limit', statusCode: 429 }), 'rate_limited', 'stripe_rate_limit'],
    [
      v2(Stripe.errors.StripeIdempotencyError, { type: 'idempotency_error' }),
      'conflict',
      'stripe_idempotency_mismatch',
    ],
  ])('have their code where the first has none', (error, kind, code) => {
    expect(toDomainError(error)).toMatchObject({ kind, code });
  });

  it('name the parameter', () => {
    const error = v2(Stripe.errors.InvalidPaymentMethodError, {
      type: 'invalid_payment_method',
      invalid_param: 'source',
    });

    expect(toDomainError(error).field).toBe('source');
  });
});

describe('other failures', () => {
  it.each([
    [v1(400, { code: 'parameter_missing', param: 'amount' }), 'unprocessable', 'stripe_parameter_missing', 'amount'],
    [
      v1(402, { type: 'card_error', code: 'card_declined', decline_code: 'do_not_honor' }),
      'payment_required',
      'stripe_card_declined',
      undefined,
    ],
    [v1(404, { code: 'resource_missing', param: 'id' }), 'not_found', 'stripe_resource_missing', 'id'],
    [v1(409, { code: 'lock_timeout' }), 'conflict', 'stripe_lock_timeout', undefined],
    [v1(429, { code: 'lock_timeout' }), 'rate_limited', 'stripe_lock_timeout', undefined],
    [v1(418, {}), 'unprocessable', 'stripe_refused', undefined],
    [v1(500, { type: 'api_error' }), 'upstream_failed', 'stripe_refused', undefined],
    [v1(503, { type: 'api_error' }), 'upstream_failed', 'stripe_refused', undefined],
    [v1(400, { code: 'Not A Code' }), 'unprocessable', 'stripe_refused', undefined],
    [new TypeError('fetch failed'), 'unavailable', 'stripe_unreachable', undefined],
  ])('of status and code become ours', (error, kind, code, field) => {
    expect(toDomainError(error)).toMatchObject({ kind, code, field });
  });

  it('keep why a card was declined, and never what Stripe says in words', () => {
    const declined = v1(402, {
      type: 'card_error',
      code: 'card_declined',
      decline_code: 'do_not_honor',
      message: 'Ada Lovelace’s card was declined',
    });

    expect(toDomainError(declined).message).toContain('do_not_honor');
    expect(toDomainError(declined).message).not.toContain('Ada');
    expect(failureCodeOf(declined)).toBe('card_declined');
  });

  it('say how long to wait where Stripe does', () => {
    const error = v1(429, { code: 'rate_limit' }, { 'retry-after': '7', 'stripe-rate-limited-reason': 'global-rate' });

    expect(toDomainError(error)).toMatchObject({
      retryAfterSeconds: 7,
      message: expect.stringContaining('global-rate'),
    });
  });

  it.each([
    [v1(400, { code: 'parameter_missing' }), 'rejected'],
    [v1(400, { type: 'idempotency_error' }), 'unknown'],
    [v1(429, {}), 'retry'],
    [v1(500, { type: 'api_error' }), 'unknown'],
    [new Stripe.errors.StripeConnectionError({ message: 'gone' } as never), 'unknown'],
  ])('mean for a write the same before and after they are translated', (error, outcome) => {
    expect(outcomeOf(error)).toBe(outcome);
    expect(outcomeOf(toDomainError(error))).toBe(outcome);
  });
});
