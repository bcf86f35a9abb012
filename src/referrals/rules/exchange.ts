import { CURRENCY_EXPONENTS } from '../../common/money.js';
import type { Fraction } from './rule-amount.js';

/** The rate at which a sale is counted in its program's currency, as it was fixed for the sale; stored with the commission. */
export interface Exchange {
  /** The sale's currency, and the program's. */
  base: string;
  quote: string;
  /** What one whole unit of `base` is in `quote`, as a decimal text; null while no rate is known. */
  rate: string | null;
  /** Who told of the rate, and since when it has been in force. */
  source: string | null;
  effectiveAt: string | null;
}

/**
 * The same value in minor units of the quote currency: the rate is per whole units, and currencies differ in how many minor
 * units make one. Exact; 0 while no rate is known. Pure.
 */
export function exchanged({ numerator, denominator }: Fraction, { base, quote, rate }: Exchange): Fraction {
  if (rate === null) return { numerator: 0n, denominator: 1n };
  const [whole = '', decimals = ''] = rate.split('.');
  return {
    numerator: numerator * BigInt(whole + decimals) * minorUnitsOf(quote),
    denominator: denominator * 10n ** BigInt(decimals.length) * minorUnitsOf(base),
  };
}

/** How many minor units make a whole one. */
function minorUnitsOf(currency: string): bigint {
  const exponent = CURRENCY_EXPONENTS.get(currency);
  if (exponent === undefined) throw new Error(`${currency} is not a currency that is counted here`);
  return 10n ** BigInt(exponent);
}
