import Stripe from 'stripe';
import type { StripeObjectType } from '../objects/object-type.js';

const NOT_FOUND = 404;
const FORBIDDEN = 403;

/**
 * Whether Stripe says that the object asked for does not exist. Of an account that is gone, or has left the platform, it says
 * that the key has no access to it.
 */
export function isMissing(error: unknown, type: StripeObjectType): boolean {
  if (!(error instanceof Stripe.errors.StripeError)) return false;
  if (error.statusCode === NOT_FOUND) return true;
  const isAccount = type.object === 'account' || type.object === 'v2.core.account';
  if (isAccount && error.statusCode === FORBIDDEN && error.code === 'account_invalid') return true;
  return error.code === 'resource_missing';
}
