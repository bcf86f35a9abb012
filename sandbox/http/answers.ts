import { invalidRequest, StripeFailure } from '../core/errors.js';
import type { Fault } from './faults.js';

export interface Answer {
  status: number;
  body: string;
  replayOf?: string;
  headers?: Record<string, string>;
}
export const isV2 = (path: string): boolean => path.startsWith('/v2/');

export const invalidJson = (): StripeFailure =>
  invalidRequest('The request body is not valid JSON.', { code: 'invalid_json' });

/** v2 names the reason in `code`, also where v1 has the type alone, and has words of its own for some. */
function bodyOf(error: StripeFailure, requestId: string, path: string): object {
  const body = error.body(requestId);
  if (!isV2(path)) return body;
  const { type, code, message, ...rest } = body.error;
  const named = V2_CODES[String(code)] ?? code ?? type;
  return { error: { ...rest, code: named, message, type } };
}
const V2_CODES: Record<string, string> = {
  resource_missing: 'not_found',
  parameter_missing: 'invalid_fields',
  parameter_unknown: 'invalid_fields',
};

export function failure(error: unknown, requestId: string, path: string): Answer {
  if (error instanceof StripeFailure) {
    // A refusal for good must not be tried again by the SDK; an unknown route is one.
    const headers: Record<string, string> = error.status === 501 ? { 'stripe-should-retry': 'false' } : {};
    return { status: error.status, body: JSON.stringify(bodyOf(error, requestId, path), null, 2), headers };
  }
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const bug = new StripeFailure(500, 'api_error', `The sandbox itself failed: ${message}`);
  return {
    status: 500,
    body: JSON.stringify(bug.body(requestId), null, 2),
    headers: { 'stripe-should-retry': 'false' },
  };
}

const retryHeader = ({ shouldRetry }: Pick<Fault, 'shouldRetry'>): Record<string, string> =>
  shouldRetry === undefined ? {} : { 'stripe-should-retry': String(shouldRetry) };

export function serverError(requestId: string, fault: Fault): Answer {
  const error = new StripeFailure(500, 'api_error', 'An unknown error occurred (a fault of the sandbox, on demand).');
  return { status: 500, body: JSON.stringify(error.body(requestId), null, 2), headers: retryHeader(fault) };
}

export function rateLimited(requestId: string, refusal: Pick<Fault, 'reason' | 'shouldRetry'>): Answer {
  const error = new StripeFailure(
    429,
    'rate_limit_error',
    'Request rate limit exceeded. Learn more about rate limits here https://docs.stripe.com/rate-limits.',
    { code: 'rate_limit' },
  );
  const reason: Record<string, string> = refusal.reason ? { 'stripe-rate-limited-reason': refusal.reason } : {};
  return {
    status: 429,
    body: JSON.stringify(error.body(requestId), null, 2),
    headers: { ...reason, ...retryHeader(refusal) },
  };
}

export function unknownRoute(method: string, path: string): StripeFailure {
  const message = `Unrecognized request URL (${method}: ${path}). The sandbox does not know this part of Stripe's API.`;
  return invalidRequest(message, {}, 501);
}
