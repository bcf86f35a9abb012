import { describe, expect, it } from '@jest/globals';
import Stripe from 'stripe';
import { rateRefusalOf } from './rate-refusal.js';
import { ATTEMPTS_MAX, pauseBeforeRetryMs, retryAfterMs } from './retry-rules.js';

const LONG = 60_000;

function refusal(statusCode: number, headers: Record<string, string> = {}, fields: Record<string, string> = {}) {
  return Stripe.errors.StripeError.generate({
    statusCode,
    headers,
    message: 'no',
    type: 'api_error',
    ...fields,
  } as never);
}
const connection = () => new Stripe.errors.StripeConnectionError({ message: 'gone' } as never);

describe('reads that failed', () => {
  it.each([
    ['429', refusal(429)],
    ['409', refusal(409, {}, { code: 'lock_timeout' })],
    ['500', refusal(500)],
    ['503', refusal(503)],
    ['no answer', connection()],
    ['400 with the advice to try again', refusal(400, { 'stripe-should-retry': 'true' })],
  ])('are tried again after %s, later each time and not for ever', (_name, error) => {
    const pauses = Array.from({ length: ATTEMPTS_MAX }, (_, i) => pauseBeforeRetryMs(error, i + 1, LONG, 1));

    expect(pauses).toEqual([250, 500, 1_000, 2_000, null]);
  });

  it.each([
    ['400', refusal(400)],
    ['401', refusal(401)],
    ['402', refusal(402)],
    ['403', refusal(403)],
    ['404', refusal(404)],
    ['500 with the advice not to', refusal(500, { 'stripe-should-retry': 'false' })],
    ['429 with the advice not to', refusal(429, { 'stripe-should-retry': 'false' })],
    ['a mistake of ours', new TypeError('x is not a function')],
  ])('are not tried again after %s', (_name, error) => {
    expect(pauseBeforeRetryMs(error, 1, LONG, 1)).toBeNull();
  });

  it('wait as long as Stripe asks for, in seconds or as a date, unless that is too long', () => {
    const error = refusal(429, { 'retry-after': '3' });

    expect(pauseBeforeRetryMs(error, 1, LONG, 0)).toBe(3_000);
    expect(pauseBeforeRetryMs(error, 1, 2_999, 0)).toBeNull();
    expect(retryAfterMs(refusal(503, { 'retry-after': 'Thu, 01 Jan 1970 00:00:10 GMT' }), 4_000)).toBe(6_000);
    expect(retryAfterMs(refusal(503, { 'retry-after': 'soon' }))).toBeNull();
  });

  it('are spread by half of their pause', () => {
    expect(pauseBeforeRetryMs(refusal(500), 1, LONG, 0)).toBe(125);
    expect(pauseBeforeRetryMs(refusal(500), 1, LONG, 1)).toBe(250);
  });

  it('wait longer where one object is at its limit', () => {
    expect(pauseBeforeRetryMs(refusal(429, { 'stripe-rate-limited-reason': 'resource-specific' }), 1, LONG, 1)).toBe(
      2_000,
    );
  });
});

describe('the reason of a 429', () => {
  it.each([
    [refusal(429, { 'stripe-rate-limited-reason': 'global-rate' }), 'global-rate'],
    [refusal(429, { 'stripe-rate-limited-reason': 'endpoint-concurrency' }), 'endpoint-concurrency'],
    [refusal(429, { 'stripe-rate-limited-reason': 'lunar-rate' }), 'other'],
    [refusal(429, {}, { code: 'lock_timeout' }), 'none'],
    [refusal(429, {}, { code: 'rate_limit' }), 'other'],
    [refusal(429), 'none'],
    [refusal(503, { 'stripe-rate-limited-reason': 'global-rate' }), null],
    [connection(), null],
  ])('is read from the header', (error, reason) => {
    expect(rateRefusalOf(error)).toBe(reason);
  });
});
