import { formatMoney } from '../../common/money.js';
import { DomainError, invalidField } from '../../common/errors.js';
import { at, minorOf, secondsOf } from '../objects/shapes.js';
import { capturedMinor, refundableMinor } from '../objects/charge-status.js';
import type { StripeData } from '../objects/stripe-model.entity.js';
import type { CaptureChargeDto, RefundChargeDto } from './charges.dto.js';

/** Stripe remembers a request for so long; a refund of that age may be the one that is asked for again. */
const REPEATED_WITHIN_SECONDS = 24 * 3_600;

/** What the refunds that count come to. */
export function refundedMinorBy(refunds: readonly StripeData[]): number {
  return refunds
    .filter(({ status }) => status !== 'failed' && status !== 'canceled')
    .reduce((sum, refund) => sum + minorOf(refund.amount), 0);
}

/**
 * Refuses a refund that the mirror already knows to be too much. A repetition of one that was made, and whose answer never
 * came, looks the same: it is left to Stripe, which knows it by its key. Pure.
 * Errors: `currency_mismatch`, `charge_failed`, `charge_not_captured`, `refund_exceeds_charge`, `nothing_to_refund`.
 */
export function requireRefundable(
  charge: StripeData,
  refunds: readonly StripeData[],
  { amountMinor, currency }: Pick<RefundChargeDto, 'amountMinor' | 'currency'>,
  nowSeconds: number,
): void {
  const its = String(charge.currency);
  if (currency !== undefined && currency !== its)
    throw invalidField('currency', 'currency_mismatch', `the charge is in ${its}: refunds are given in its currency`);
  if (charge.status === 'failed')
    throw new DomainError(
      'unprocessable',
      'charge_failed',
      'the payment failed: nothing was taken, and nothing is left to be given back',
      {
        field: 'id',
      },
    );
  if (charge.captured === false)
    throw new DomainError('unprocessable', 'charge_not_captured', 'nothing was taken yet: cancel the payment instead', {
      field: 'id',
    });
  const left = refundableMinor(charge, refundedMinorBy(refunds));
  if ((amountMinor ?? 1) <= left) return;
  const isTooMuchEver = (amountMinor ?? 0) > capturedMinor(charge);
  if (!isTooMuchEver && refunds.some((refund) => mayBeTheSame(refund, amountMinor, nowSeconds))) return;
  if (left === 0)
    throw new DomainError('unprocessable', 'nothing_to_refund', 'nothing of the charge is left to be refunded', {
      field: 'id',
    });
  const text = `only ${formatMoney({ amountMinor: left, currency: its })} of the charge is left: ask for ${left} at most`;
  throw new DomainError('unprocessable', 'refund_exceeds_charge', text, { field: 'amountMinor' });
}

function mayBeTheSame(refund: StripeData, amountMinor: number | undefined, nowSeconds: number): boolean {
  const isYoung = (secondsOf(refund.created) ?? 0) > nowSeconds - REPEATED_WITHIN_SECONDS;
  return isYoung && (amountMinor === undefined || refund.amount === amountMinor);
}

/** Errors: `capture_exceeds_authorization`. */
export function requireCapturable(charge: StripeData, { amountMinor }: Pick<CaptureChargeDto, 'amountMinor'>): void {
  const most = at(charge, 'payment_method_details', 'card', 'overcapture', 'maximum_amount_capturable');
  const limit = typeof most === 'number' ? most : minorOf(charge.amount);
  if (amountMinor === undefined || amountMinor <= limit) return;
  const money = formatMoney({ amountMinor: limit, currency: String(charge.currency) });
  const text = `only ${money} is authorized: ask for ${limit} at most`;
  throw new DomainError('unprocessable', 'capture_exceeds_authorization', text, { field: 'amountMinor' });
}
