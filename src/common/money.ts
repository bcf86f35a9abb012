import { DomainError, invalidField } from './errors.js';

/** An amount in the currency's minor unit; `currency` is the lower-case ISO 4217 code, as Stripe writes it. */
export interface Money {
  amountMinor: number;
  currency: string;
}

/** Rates are integer basis points: 2000 is 20 %, and this many are the whole. */
export const BPS_WHOLE = 10_000;

/** Currencies that Stripe charges or presents, with the number of digits behind the point in Stripe's own counting.
 *  Source: https://docs.stripe.com/currencies (zero-decimal and three-decimal currencies; ISK and UGX count in hundredths). */
const ZERO_DECIMAL = 'bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf'.split(' ');
const THREE_DECIMAL = 'bhd jod kwd omr tnd'.split(' ');
const TWO_DECIMAL = (
  'aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bmd bnd bob brl bsd bwp byn bzd cad cdf chf cny cop crc cve ' +
  'czk dkk dop dzd egp etb eur fjd fkp gbp gel gip gmd gtq gyd hkd hnl htg huf idr ils inr isk jmd kes kgs khr kyd kzt ' +
  'lak lbp lkr lrd lsl mad mdl mkd mmk mnt mop mur mvr mwk mxn myr mzn nad ngn nio nok npr nzd pab pen pgk php pkr pln ' +
  'qar ron rsd rub sar sbd scr sek sgd shp sle sos srd std szl thb tjs top try ttd twd tzs uah ugx usd uyu uzs wst xcd ' +
  'yer zar zmw'
).split(' ');

export const CURRENCY_EXPONENTS: ReadonlyMap<string, number> = new Map([
  ...ZERO_DECIMAL.map((code) => [code, 0] as const),
  ...TWO_DECIMAL.map((code) => [code, 2] as const),
  ...THREE_DECIMAL.map((code) => [code, 3] as const),
]);

/** The lower-case code, or `unknown_currency` naming `field`. */
export function requireCurrency(code: string, field = 'currency'): string {
  const currency = code.toLowerCase();
  if (!CURRENCY_EXPONENTS.has(currency)) {
    throw invalidField(
      field,
      'unknown_currency',
      `${field} must be an ISO 4217 code that Stripe supports, such as "usd"`,
    );
  }
  return currency;
}

/** `numerator / denominator` to the nearest integer, halves away from zero (rule R1). The denominator must not be 0. */
export function divideHalfAwayFromZero(numerator: bigint, denominator: bigint): bigint {
  if (denominator === 0n) throw new RangeError('division by zero');
  const negative = numerator < 0n !== denominator < 0n;
  const n = numerator < 0n ? -numerator : numerator;
  const d = denominator < 0n ? -denominator : denominator;
  const quotient = (2n * n + d) / (2n * d);
  return negative ? -quotient : quotient;
}

/** A bigint as a number; amounts beyond 2^53 minor units are refused rather than rounded. */
export function safeMinor(value: bigint): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number)) {
    throw new DomainError(
      'unprocessable',
      'amount_out_of_range',
      `amount ${value} is beyond what can be counted exactly`,
    );
  }
  return number;
}

/** For people: `12.34 USD`, `1500 JPY`, `-0.05 EUR`. Integer arithmetic only. */
export function formatMoney({ amountMinor, currency }: Money): string {
  const exponent = CURRENCY_EXPONENTS.get(currency) ?? 2;
  const digits = Math.abs(amountMinor)
    .toString()
    .padStart(exponent + 1, '0');
  const whole = digits.slice(0, digits.length - exponent);
  const fraction = exponent === 0 ? '' : `.${digits.slice(digits.length - exponent)}`;
  return `${amountMinor < 0 ? '-' : ''}${whole}${fraction} ${currency.toUpperCase()}`;
}
