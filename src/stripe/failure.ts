import Stripe from 'stripe';
import { DomainError, type ErrorKind } from '../common/errors.js';

/**
 * What a failed write at Stripe means for the caller that committed its intent beforehand.
 * - `rejected`: Stripe refused this very request and has done nothing.
 * - `retry`: Stripe never looked at it; the same key may be sent again later.
 * - `unknown`: it may have happened. Only a look-up tells.
 */
export type CallOutcome = 'rejected' | 'retry' | 'unknown';

/** Refusals that are about the request itself. A parameter mismatch under the same key is not among them: it says nothing about the first request. */
const DEFINITE_REFUSALS = new Set([
  'balance_insufficient',
  'insufficient_funds',
  'resource_missing',
  'account_invalid',
  'parameter_invalid_integer',
  'parameter_invalid_empty',
  'parameter_missing',
  'parameter_unknown',
  'amount_too_small',
  'amount_too_large',
  'invalid_currency',
  'transfers_not_allowed',
  'insufficient_capabilities_for_transfer',
  'no_account',
]);

export function outcomeOf(error: unknown): CallOutcome {
  if (error instanceof DomainError) return error.kind === 'unavailable' ? 'retry' : 'unknown';
  if (error instanceof Stripe.errors.StripeRateLimitError) return 'retry';
  if (error instanceof Stripe.errors.StripeAuthenticationError) return 'retry';
  if (error instanceof Stripe.errors.StripePermissionError) return 'retry';
  if (error instanceof Stripe.errors.StripeInvalidRequestError && DEFINITE_REFUSALS.has(error.code ?? '')) {
    return 'rejected';
  }
  return 'unknown';
}

/** The short public reason of a failed call: Stripe's code where there is one. Never the message, which may name people. */
export function failureCodeOf(error: unknown): string {
  if (error instanceof DomainError) return error.code;
  if (error instanceof Stripe.errors.StripeError) return error.code ?? error.type;
  return 'network_error';
}

const KIND_BY_STATUS: Readonly<Record<number, ErrorKind>> = {
  400: 'unprocessable',
  402: 'payment_required',
  404: 'not_found',
  409: 'conflict',
  429: 'rate_limited',
};

/** Stripe's refusal as our error: its code, its parameter as `field`, its request id in the message. Network failures become `unavailable`. */
export function toDomainError(error: unknown): DomainError {
  if (error instanceof DomainError) return error;
  if (!(error instanceof Stripe.errors.StripeError) || error instanceof Stripe.errors.StripeConnectionError) {
    return new DomainError('unavailable', 'stripe_unreachable', 'Stripe did not answer; try again', { cause: error });
  }
  const kind = KIND_BY_STATUS[error.statusCode ?? 0] ?? 'upstream_failed';
  const code = error.code === undefined ? 'stripe_refused' : `stripe_${error.code}`;
  const text = `Stripe refused the request (${error.code ?? error.type}, request ${error.requestId ?? 'unknown'})`;
  return new DomainError(kind, code, text, { field: error.param, cause: error });
}
