import { createHash } from 'node:crypto';
import { canonicalJson } from '../../common/canonical-json.js';
import { MS_PER_SECOND } from '../../common/clock.js';
import { formatMoney } from '../../common/money.js';
import type { StripeData } from '../../billing/objects/stripe-model.entity.js';

const ID_DIGITS = 20;

export const DURATIONS = ['once', 'repeating', 'forever'] as const;
export type Duration = (typeof DURATIONS)[number];

/** What a coupon takes off: a share or an amount, from the first invoice, for some months, or from all of them. */
export interface DiscountTerms {
  /** In per cent, with at most two decimals: Stripe's own number, and nothing is counted with it here. */
  percentOff: number | null;
  amountOffMinor: number | null;
  /** Of the amount. */
  currency: string | null;
  duration: Duration;
  /** With `repeating`. */
  months: number | null;
}

/** Of a coupon as Stripe has it. Pure. */
export function termsOfCoupon(data: StripeData): DiscountTerms {
  const numberOf = (value: unknown): number | null => (typeof value === 'number' ? value : null);
  return {
    percentOff: numberOf(data.percent_off),
    amountOffMinor: numberOf(data.amount_off),
    currency: typeof data.currency === 'string' ? data.currency : null,
    duration: DURATIONS.find((duration) => duration === data.duration) ?? 'once',
    months: numberOf(data.duration_in_months),
  };
}

/** Whether the coupon can still be redeemed; Stripe sends nothing when its last day passes. Pure. */
export function isRedeemable(data: StripeData, now: Date): boolean {
  const isOver = typeof data.redeem_by === 'number' && data.redeem_by * MS_PER_SECOND <= now.getTime();
  return data.valid !== false && !isOver;
}

/** What Stripe is asked for; customers read the name on their invoices. The same for the same terms. Pure. */
export function couponParams(id: string, terms: DiscountTerms): StripeData {
  const { percentOff, amountOffMinor, currency, duration, months } = terms;
  return {
    id,
    name:
      percentOff === null
        ? `${formatMoney({ amountMinor: amountOffMinor ?? 0, currency: currency ?? '' })} off`
        : `${percentOff}% off`,
    duration,
    ...(percentOff !== null && { percent_off: percentOff }),
    ...(amountOffMinor !== null && { amount_off: amountOffMinor, currency }),
    ...(months !== null && { duration_in_months: months }),
  };
}

/** The id under which the coupon of these terms is made, once for each time that the program's terms were set. Pure. */
export function couponIdOf(programId: string, version: number, terms: DiscountTerms): string {
  const digest = createHash('sha256').update(canonicalJson([programId, version, terms]));
  return `tributary-${digest.digest('hex').slice(0, ID_DIGITS)}`;
}
