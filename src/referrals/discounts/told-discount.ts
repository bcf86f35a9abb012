import { invalidField } from '../../common/errors.js';
import type { ReferralProgram } from '../referral-program.entity.js';
import type { CustomerDiscountDto } from './discount.dto.js';
import type { DiscountTerms } from './discount-terms.js';

const FIELD = 'customerDiscount';

/**
 * The terms of the coupon that is to be made; null where one is named that exists. Errors: `missing_field`,
 * `field_not_allowed`, `coupon_currency`. Pure.
 */
export function termsMeant(
  dto: CustomerDiscountDto,
  program: Pick<ReferralProgram, 'key' | 'currency'>,
): DiscountTerms | null {
  const { couponId, percentOff, amountOffMinor, duration, months } = dto;
  if (couponId !== undefined) {
    refuse(dto, ['percentOff', 'amountOffMinor', 'currency', 'duration', 'months'], 'the coupon says it');
    return null;
  }
  if (percentOff === undefined && amountOffMinor === undefined) {
    throw missing('', 'name a couponId, or say percentOff or amountOffMinor, and duration');
  }
  if (percentOff !== undefined) refuse(dto, ['amountOffMinor', 'currency'], 'a percentage is taken off');
  if (duration === undefined) throw missing('.duration', 'say once, repeating or forever');
  if (duration !== 'repeating') refuse(dto, ['months'], `the duration is ${duration}`);
  else if (months === undefined) throw missing('.months', 'say for how many months the discount repeats');
  return {
    percentOff: percentOff ?? null,
    amountOffMinor: amountOffMinor ?? null,
    currency: amountOffMinor === undefined ? null : currencyOf(dto, program),
    duration,
    months: months ?? null,
  };
}

function currencyOf({ currency }: CustomerDiscountDto, program: Pick<ReferralProgram, 'key' | 'currency'>): string {
  const meant = currency ?? program.currency;
  if (meant === null) throw missing('.currency', `the program ${program.key} has none of its own`);
  if (program.currency === null || meant === program.currency) return meant;
  const says = `the discount takes off ${meant}, and the program ${program.key} is in ${program.currency}; say it in ${program.currency}, or as a percentage`;
  throw invalidField(`${FIELD}.currency`, 'coupon_currency', says);
}

function refuse(dto: CustomerDiscountDto, names: ReadonlyArray<keyof CustomerDiscountDto>, why: string): void {
  const name = names.find((given) => dto[given] !== undefined);
  if (name === undefined) return;
  const field = `${FIELD}.${name}`;
  throw invalidField(field, 'field_not_allowed', `${field} must be left out here: ${why}`);
}

function missing(below: string, remedy: string): Error {
  return invalidField(`${FIELD}${below}`, 'missing_field', `${FIELD}${below} is missing: ${remedy}`);
}
