import { applyDecorators } from '@nestjs/common';
import { Transform } from 'class-transformer';
import { buildMessage, ValidateBy } from 'class-validator';
import { BPS_WHOLE, CURRENCY_EXPONENTS } from './money.js';

/** Everything that a client may call a thing of its own by: printable, no spaces at the ends. */
const EXTERNAL_ID = /^[\x21-\x7e](?:[\x20-\x7e]{0,253}[\x21-\x7e])?$/;
const SLUG = /^[a-z0-9](?:[a-z0-9_-]{0,62}[a-z0-9])?$/;
const ID_CHARS_MAX = 255;
const ISO_INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:\d{2})$/;
/** PostgreSQL and JavaScript agree on the calendar from here on. */
const YEAR_MIN = 1;

/** Puts a code of its own on a field's error, instead of `invalid_field`. */
export interface RuleContext {
  code: string;
}

/** A rule in one sentence: `is` is what a good value must be ("must be …"). */
function rule(
  name: string,
  is: string,
  accepts: (value: unknown) => boolean,
  code?: string,
  each = false,
): PropertyDecorator {
  const context: RuleContext | undefined = code === undefined ? undefined : { code };
  const defaultMessage = buildMessage(() => `${each ? 'each of ' : ''}$property must be ${is}`);
  return ValidateBy({ name, validator: { validate: accepts, defaultMessage } }, { each, ...(context && { context }) });
}

/** Money: a whole number of the currency's minor unit, 0 or more. */
export function AmountMinor(): PropertyDecorator {
  return rule('amountMinor', 'a whole number of minor units, 0 or more', (value) => isCount(value, 0));
}

/** Money: a whole number of the currency's minor unit, 1 or more. */
export function PositiveAmountMinor(): PropertyDecorator {
  return rule('positiveAmountMinor', 'a whole number of minor units, 1 or more', (value) => isCount(value, 1));
}

/** A count of something, such as days or uses, from `min` to `max`. */
export function WholeNumber(min: number, max: number): PropertyDecorator {
  return rule('wholeNumber', `a whole number from ${min} to ${max}`, (value) => isCount(value, min) && value <= max);
}

/** A list that is not empty; what its members must be is said by further rules. */
export function FilledList(max: number): PropertyDecorator {
  const accepts = (value: unknown): boolean => Array.isArray(value) && value.length >= 1 && value.length <= max;
  return rule('filledList', `a list of 1 to ${max}`, accepts);
}

/** A rate in basis points, from 0 to the whole or to what may be more than it. */
export function RateBps(max = BPS_WHOLE): PropertyDecorator {
  const is = `a whole number of basis points from 0 to ${max} (2000 is 20 %)`;
  return rule('rateBps', is, (value) => isCount(value, 0) && value <= max);
}

/** An ISO 4217 code that Stripe knows; reaches the service in lower case. */
export function CurrencyCode(): PropertyDecorator {
  return applyDecorators(
    Transform(({ value }: { value: unknown }) => lowerCase(value)),
    rule('currencyCode', CURRENCY_IS, isCurrency, 'unknown_currency'),
  );
}

/** The same for a list of them. */
export function CurrencyCodes(): PropertyDecorator {
  return applyDecorators(
    Transform(({ value }: { value: unknown }) => (Array.isArray(value) ? value.map(lowerCase) : value)),
    rule('currencyCode', CURRENCY_IS, isCurrency, 'unknown_currency', true),
  );
}

const CURRENCY_IS = 'an ISO 4217 code that Stripe supports, such as "usd"';
const isCurrency = (value: unknown): boolean => typeof value === 'string' && CURRENCY_EXPONENTS.has(value);
const lowerCase = (value: unknown): unknown => (typeof value === 'string' ? value.toLowerCase() : value);

/** The client's own id of something: 1 to 255 visible ASCII characters, spaces only inside. */
export function ExternalId(): PropertyDecorator {
  return rule(
    'externalId',
    'a text of 1 to 255 visible ASCII characters',
    (value) => isText(value) && EXTERNAL_ID.test(value),
  );
}

/** The key of something in URLs: lower-case letters, digits, `-` and `_`. */
export function Slug(): PropertyDecorator {
  const is = '1 to 64 lower-case letters, digits, "-" or "_", beginning and ending with a letter or digit';
  return rule('slug', is, (value) => isText(value) && SLUG.test(value));
}

/** An id as it stands in a path: only its type and length are checked, an unknown one is simply not found. */
export function IdText({ each = false } = {}): PropertyDecorator {
  const accepts = (value: unknown): boolean => isText(value) && value.length > 0 && value.length <= ID_CHARS_MAX;
  return rule('idText', `a text of 1 to ${ID_CHARS_MAX} characters`, accepts, undefined, each);
}

/** Texts by name, such as Stripe's metadata: 1 to `max` of them. */
export function TextMap(max: number): PropertyDecorator {
  const accepts = (value: unknown): boolean =>
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.keys(value).length >= 1 &&
    Object.keys(value).length <= max &&
    Object.values(value).every(isText);
  return rule('textMap', `an object of 1 to ${max} texts, such as {"plan":"gold"}`, accepts);
}

/** Text for people, of `min` to `max` characters, without control characters (PostgreSQL cannot hold all of them). */
export function PlainText(max: number, min = 1): PropertyDecorator {
  const accepts = (value: unknown): boolean => isText(value) && value.trim().length >= min && value.length <= max;
  return rule('plainText', `a text of ${min} to ${max} characters without control characters`, accepts);
}

/** An instant in ISO 8601 with its zone; reaches the service as a `Date`. */
export function IsoInstant(): PropertyDecorator {
  return applyDecorators(
    Transform(({ value }: { value: unknown }) => parseInstant(value) ?? value),
    rule(
      'isoInstant',
      'an instant in ISO 8601 with its zone, such as "2026-01-31T12:00:00Z"',
      (value) => value instanceof Date,
    ),
  );
}

/** The instant that `value` names, or null. Refuses what `Date` would quietly move, such as 30 February. */
export function parseInstant(value: unknown): Date | null {
  if (typeof value !== 'string' || !ISO_INSTANT.test(value)) return null;
  const instant = new Date(value);
  const day = new Date(`${value.slice(0, 10)}T00:00:00Z`);
  const exists = !Number.isNaN(day.getTime()) && day.toISOString().startsWith(value.slice(0, 10));
  return exists && !Number.isNaN(instant.getTime()) && day.getUTCFullYear() >= YEAR_MIN ? instant : null;
}

function isCount(value: unknown, min: number): value is number {
  return Number.isSafeInteger(value) && (value as number) >= min;
}

function isText(value: unknown): value is string {
  return (
    typeof value === 'string' && !/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/.test(value) && value.isWellFormed()
  );
}
