import Stripe from 'stripe';
import { failureCodeOf, missingPermissionsOf, toDomainError } from '../../stripe/failure.js';

/**
 * What a list that was not answered means for the backfill.
 * - `refused`: Stripe does not give this list to this account or key; asking again would not change it.
 * - `account_gone`: the connected account no longer lets itself be asked, for anything.
 * - `place_lost`: the object after which the list was to go on is gone.
 * - `key_refused`: nothing at all will be answered.
 * - `again`: it may be answered later.
 */
export type ListFailure = 'refused' | 'account_gone' | 'place_lost' | 'key_refused' | 'again';

/** The sandbox and proxies answer so for what they do not know; the others are Stripe's own. */
const REFUSING_STATUSES = new Set([400, 403, 404, 405, 410, 422, 501]);
const REASON_CHARS_MAX = 300;

export function listFailureOf(error: unknown): ListFailure {
  if (!(error instanceof Stripe.errors.StripeError)) return 'again';
  if (error.statusCode === 401) return 'key_refused';
  if (error.code === 'account_invalid') return 'account_gone';
  if (error.param === 'starting_after' || error.param === 'page') return 'place_lost';
  if (error.statusCode === 429 || error.code === 'lock_timeout') return 'again';
  return REFUSING_STATUSES.has(error.statusCode ?? 0) ? 'refused' : 'again';
}

/** The object whose list was asked for does not exist (any more). */
export function isMissingObject(error: unknown): boolean {
  return error instanceof Stripe.errors.StripeError && error.code === 'resource_missing';
}

/**
 * Stripe's reason, for people. A question for a list names no person, so that its answer may be shown as it is; it says
 * what has to be enabled. Where the key lacks a permission Stripe shows parts of the key: that is told in our own words.
 */
export function reasonOf(thrown: unknown): string {
  const error = missingPermissionsOf(thrown).length > 0 ? toDomainError(thrown) : thrown;
  const code = failureCodeOf(error);
  const text = error instanceof Error ? error.message : String(error);
  return `${code}: ${text}`.replace(/\s+/g, ' ').slice(0, REASON_CHARS_MAX);
}
