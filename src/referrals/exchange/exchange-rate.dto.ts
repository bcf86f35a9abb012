import { buildMessage, IsOptional, ValidateBy } from 'class-validator';
import { CurrencyCode, IsoInstant, PlainText } from '../../common/dto-decorators.js';
import { PageQuery } from '../../common/page-query.dto.js';

const SOURCE_CHARS_MAX = 200;
const RATE = /^(?:0|[1-9]\d{0,11})(?:\.\d{1,12})?$/;

/** A decimal above 0, as text: a number of JSON would not be exact. */
function DecimalRate(): PropertyDecorator {
  return ValidateBy({
    name: 'decimalRate',
    validator: {
      validate: (value: unknown) => typeof value === 'string' && RATE.test(value) && /[1-9]/.test(value),
      defaultMessage: buildMessage(
        () =>
          '$property must be a decimal above 0 as a text, with at most 12 digits before and 12 behind the point, such as "1.0837"',
      ),
    },
  });
}

export class CreateExchangeRateDto {
  /** The currency of sales. */
  @CurrencyCode()
  base: string;

  /** The currency of programs. */
  @CurrencyCode()
  quote: string;

  /** What one whole unit of `base` is in `quote`. */
  @DecimalRate()
  rate: string;

  /** From when it is in force, until the next one; now when left out. */
  @IsOptional()
  @IsoInstant()
  effectiveAt?: Date | null;

  /** Who says so, such as "European Central Bank". */
  @PlainText(SOURCE_CHARS_MAX)
  source: string;
}

export class ListExchangeRatesQuery extends PageQuery {
  @IsOptional()
  @CurrencyCode()
  base?: string;

  @IsOptional()
  @CurrencyCode()
  quote?: string;
}

export class ExchangeRateView {
  id: string;
  base: string;
  quote: string;
  rate: string;
  effectiveAt: string;
  source: string;
  createdAt: string;
}
