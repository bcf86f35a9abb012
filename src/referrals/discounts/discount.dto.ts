import { buildMessage, IsIn, ValidateBy } from 'class-validator';
import { CurrencyCode, IdText, PositiveAmountMinor, WholeNumber } from '../../common/dto-decorators.js';
import { MayBeLeftOut } from '../../common/dto-presence.js';
import { DURATIONS, type DiscountTerms, type Duration } from './discount-terms.js';

const MONTHS_MAX = 120;
const PERCENT_MAX = 100;

/** More than 0, with at most two decimals, as Stripe takes it. */
function PercentOff(): PropertyDecorator {
  const isPercent = (value: unknown): boolean =>
    typeof value === 'number' && value > 0 && value <= PERCENT_MAX && /^\d+(\.\d{1,2})?$/.test(String(value));
  return ValidateBy({
    name: 'percentOff',
    validator: {
      validate: isPercent,
      defaultMessage: buildMessage(
        () => `$property must be a number from 0.01 to ${PERCENT_MAX} with at most two decimals (20 is 20 %)`,
      ),
    },
  });
}

/** A coupon that exists, or what one is made for: a percentage or an amount, and how long. */
export class CustomerDiscountDto {
  /** Instead of all else. */
  @MayBeLeftOut()
  @IdText()
  couponId?: string;

  @MayBeLeftOut()
  @PercentOff()
  percentOff?: number;

  /** Instead of a percentage. */
  @MayBeLeftOut()
  @PositiveAmountMinor()
  amountOffMinor?: number;

  /** Of the amount; the program's when left out. */
  @MayBeLeftOut()
  @CurrencyCode()
  currency?: string;

  /** For the first invoice, for some months, or for every invoice. */
  @MayBeLeftOut()
  @IsIn(DURATIONS, { message: `$property must be one of ${DURATIONS.join(', ')}` })
  duration?: Duration;

  /** With the duration `repeating`. */
  @MayBeLeftOut()
  @WholeNumber(1, MONTHS_MAX)
  months?: number;
}

/** What a new customer gets. */
export class DiscountView implements DiscountTerms {
  /** 20 is 20 %. */
  percentOff: number | null;
  amountOffMinor: number | null;
  currency: string | null;
  duration: Duration;
  /** With the duration `repeating`. */
  months: number | null;
}

/** What the new customers of a program get by the codes that are made now; null throughout once the coupon is gone. */
export class CustomerDiscountView {
  /** Of a coupon that is made here, too, which Stripe has with the first code. */
  couponId: string;
  percentOff: number | null;
  amountOffMinor: number | null;
  currency: string | null;
  duration: Duration | null;
  months: number | null;
  since: string;
}
