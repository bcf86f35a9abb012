import Stripe from 'stripe';

/** Why Stripe answered 429. Source: https://docs.stripe.com/rate-limits */
const REASONS = [
  'global-rate',
  'global-concurrency',
  'endpoint-rate',
  'endpoint-concurrency',
  'resource-specific',
] as const;

/** `none` did not come from a limiter: another request holds the object (`lock_timeout`). `other` is one not known today. */
export type RateRefusal = (typeof REASONS)[number] | 'none' | 'other';

/** Null when the failure is not a 429. */
export function rateRefusalOf(error: unknown): RateRefusal | null {
  if (!(error instanceof Stripe.errors.StripeError) || error.statusCode !== 429) return null;
  const given = headerOf(error, 'stripe-rate-limited-reason');
  if (given === undefined) return error.code === 'lock_timeout' ? 'none' : unexplained(error);
  return REASONS.find((reason) => reason === given) ?? 'other';
}

/** A 429 of a limiter names its reason; one that does not is about the object, unless it says `rate_limit` itself. */
function unexplained(error: InstanceType<typeof Stripe.errors.StripeError>): RateRefusal {
  return error.code === 'rate_limit' || error.rawType === 'rate_limit' ? 'other' : 'none';
}

export function headerOf(error: InstanceType<typeof Stripe.errors.StripeError>, name: string): string | undefined {
  const headers = error.headers as Record<string, string | undefined> | undefined;
  return headers?.[name];
}
