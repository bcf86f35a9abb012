import Stripe from 'stripe';
import { DomainError, type DomainErrorOptions, type ErrorKind } from '../common/errors.js';
import { rateRefusalOf } from './rate-refusal.js';
import { retryAfterMs } from './retry-rules.js';

type StripeError = InstanceType<typeof Stripe.errors.StripeError>;

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
  if (error instanceof DomainError) {
    // A translated failure means what it was; our own `unavailable` says that nothing was sent.
    if (error.cause instanceof Stripe.errors.StripeError) return outcomeOf(error.cause);
    return error.kind === 'unavailable' ? 'retry' : 'unknown';
  }
  if (rateRefusalOf(error) !== null || error instanceof Stripe.errors.StripeRateLimitError) return 'retry';
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
  if (!(error instanceof Stripe.errors.StripeError)) return 'network_error';
  return reasonOf(error) ?? (error.statusCode === 403 ? 'permission_missing' : (error.rawType ?? error.type));
}

const KIND_BY_STATUS: Readonly<Record<number, ErrorKind>> = {
  400: 'unprocessable',
  402: 'payment_required',
  404: 'not_found',
  409: 'conflict',
  429: 'rate_limited',
};

/**
 * Stripe's refusal as our error: its code, its parameter as `field`, its request id in the message. No answer becomes
 * `unavailable` (`stripe_unreachable`, `stripe_timeout`). Stripe's own words are left out, as they may name people.
 */
export function toDomainError(error: unknown): DomainError {
  if (error instanceof DomainError) return error;
  if (!(error instanceof Stripe.errors.StripeError)) return unreachable(error);
  if (error instanceof Stripe.errors.StripeConnectionError) return unanswered(error);
  return keyRefused(error) ?? forbidden(error) ?? keyMisused(error) ?? tooMany(error) ?? refused(error);
}

function unreachable(cause: unknown): DomainError {
  return new DomainError('unavailable', 'stripe_unreachable', 'Stripe did not answer; try again', { cause });
}

const TIMED_OUT = 'ETIMEDOUT';

function unanswered(error: StripeError): DomainError {
  const { code } = (error.detail ?? {}) as { code?: unknown };
  // The SDK's own time limit and the system's have the same code, and say the same.
  if (code !== TIMED_OUT && !/timeout being reached/.test(error.message)) return unreachable(error);
  const limit = /\((\d+)ms\)/.exec(error.message)?.[1];
  const after = limit === undefined ? '' : ` within ${Number(limit) / 1_000} s`;
  const text = `Stripe did not answer${after}; a write may have happened all the same: repeat it with the same idempotency key`;
  return new DomainError('unavailable', 'stripe_timeout', text, { cause: error });
}

function keyRefused(error: StripeError): DomainError | null {
  if (error.statusCode !== 401) return null;
  const why = error.code === 'api_key_expired' ? 'has expired' : 'was refused';
  return new DomainError(
    'upstream_failed',
    'stripe_key_refused',
    `the configured STRIPE_SECRET_KEY ${why} (${requestOf(error)}): make one in Stripe's dashboard, set it and start again`,
    { cause: error },
  );
}

/** Stripe's name of a restricted key's permission, as it stands in the message: `rak_charge_read`. */
const PERMISSION = /\brak_[a-z0-9_]+\b/g;
/** Refusals with 403 that are about the account, not about what the key may do. */
const ACCOUNT_CODES = new Set(['account_invalid', 'platform_account_required']);

function forbidden(error: StripeError): DomainError | null {
  if (error.statusCode !== 403) return null;
  const account = /\bacct_\w+/.exec(error.message)?.[0];
  const where = account === undefined ? '' : ` on account ${account}`;
  if (ACCOUNT_CODES.has(error.code ?? '')) {
    const text = `the configured STRIPE_SECRET_KEY has no access${where} (${requestOf(error)}): the account may have disconnected from the platform`;
    return new DomainError('forbidden', `stripe_${error.code}`, text, { cause: error });
  }
  const names = missingPermissionsOf(error);
  const what = names.length === 0 ? 'may not do this' : `lacks the permission ${names.join(', ')}`;
  const text = `the configured STRIPE_SECRET_KEY ${what}${where} (${requestOf(error)}): grant it to the restricted key in Stripe's dashboard`;
  return new DomainError('forbidden', 'stripe_permission_missing', text, { cause: error });
}

/** What Stripe says a restricted key lacks: `['rak_charge_read']`; empty when it does not name it, or this is no 403. */
export function missingPermissionsOf(error: unknown): string[] {
  const thrown = error instanceof DomainError ? error.cause : error;
  if (!(thrown instanceof Stripe.errors.StripeError) || thrown.statusCode !== 403) return [];
  return [...new Set(thrown.message.match(PERMISSION) ?? [])];
}

function keyMisused(error: StripeError): DomainError | null {
  if (error.code === 'idempotency_key_in_use') {
    const text = `a request with the same idempotency key is still under way at Stripe (${requestOf(error)}): repeat this one later with the same key`;
    return new DomainError('conflict', 'stripe_idempotency_key_in_use', text, { cause: error });
  }
  if (!(error instanceof Stripe.errors.StripeIdempotencyError) && error.rawType !== 'idempotency_error') return null;
  const text = `Stripe knows the idempotency key from another request (${requestOf(error)}): repeat the first request unchanged, or take a new key for this one`;
  return new DomainError('conflict', 'stripe_idempotency_mismatch', text, { cause: error });
}

const ONE_SECOND_MS = 1_000;

function tooMany(error: StripeError): DomainError | null {
  const reason = rateRefusalOf(error);
  if (reason === null) return null;
  const retryAfterSeconds = Math.max(1, Math.ceil((retryAfterMs(error) ?? ONE_SECOND_MS) / ONE_SECOND_MS));
  const options = { cause: error, field: error.param, retryAfterSeconds };
  if (reason === 'none') {
    const text = `another request or Stripe itself holds the object (${requestOf(error)}): try again`;
    return new DomainError('rate_limited', codeOf(error), text, options);
  }
  const text = `Stripe's rate limit is reached (${reason}, ${requestOf(error)}): try again in ${retryAfterSeconds} s`;
  return new DomainError('rate_limited', 'stripe_rate_limit', text, options);
}

function refused(error: StripeError): DomainError {
  const status = error.statusCode ?? 0;
  if (status >= 500 && reasonOf(error) === null) return brokeDown(error);
  const kind = KIND_BY_STATUS[status] ?? (status >= 404 && status < 500 ? 'unprocessable' : 'upstream_failed');
  const options: DomainErrorOptions = { field: fieldOf(error), cause: error };
  const facts = [reasonOf(error) ?? error.rawType, declineOf(error), requestOf(error)].filter(Boolean).join(', ');
  return new DomainError(kind, codeOf(error), `Stripe refused the request (${facts})${remedyOf(kind)}`, options);
}

function brokeDown(cause: StripeError): DomainError {
  const text = `Stripe failed by itself (status ${cause.statusCode}, ${requestOf(cause)}): try again; a write with the same idempotency key`;
  return new DomainError('upstream_failed', 'stripe_refused', text, { cause });
}

function remedyOf(kind: ErrorKind): string {
  switch (kind) {
    case 'unprocessable':
      return ': change what the field or code names';
    case 'payment_required':
      return ': another means of payment may work';
    case 'not_found':
      return ': it does not exist, or not in this account and mode';
    case 'upstream_failed':
      return ': try again; a write with the same idempotency key';
    default:
      return '';
  }
}

function declineOf(error: StripeError): string | null {
  return error.decline_code === undefined || error.decline_code === '' ? null : `declined: ${error.decline_code}`;
}

/** Stripe's code. The second version of the API has some of its refusals in `type` alone. */
function reasonOf(error: StripeError): string | null {
  if (error.code !== undefined && error.code !== '') return error.code;
  return error.rawType === undefined || V1_TYPES.has(error.rawType) ? null : error.rawType;
}

/** These say no more than the status does. */
const V1_TYPES = new Set([
  'api_error',
  'authentication_error',
  'card_error',
  'invalid_request_error',
  'rate_limit_error',
]);

function codeOf(error: StripeError): string {
  const reason = reasonOf(error);
  return reason === null || !/^[a-z][a-z0-9_]*$/.test(reason) ? 'stripe_refused' : `stripe_${reason}`;
}

function fieldOf(error: StripeError): string | undefined {
  const { invalid_param: invalidParam } = (error.raw ?? {}) as { invalid_param?: unknown };
  return error.param ?? (typeof invalidParam === 'string' ? invalidParam : undefined);
}

const requestOf = (error: StripeError): string => `request ${error.requestId ?? 'unknown'}`;
