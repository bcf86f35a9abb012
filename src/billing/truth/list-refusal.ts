import Stripe from 'stripe';

export type ListRefusal = 'denied' | 'not_enabled';

const NOT_THERE = new Set([400, 404, 405, 410, 422, 501]);

/**
 * Why a list is not given to this key or account, so that asking again would not change it: the key lacks a permission, or
 * the account does not have the product. Null for everything that may pass.
 */
export function listRefusalOf(error: unknown): ListRefusal | null {
  if (!(error instanceof Stripe.errors.StripeError)) return null;
  if (error.statusCode === 403) return 'denied';
  return NOT_THERE.has(error.statusCode ?? 0) ? 'not_enabled' : null;
}
