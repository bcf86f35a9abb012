import { IsEmail, IsOptional, Matches } from 'class-validator';
import { CurrencyCode, ExternalId, IdText, IsoInstant, PlainText, Slug } from '../../common/dto-decorators.js';
import { CHOSEN_CODE } from '../codes/code-rules.js';

const EMAIL = { message: '$property must be an e-mail address' };
const NAME_CHARS_MAX = 200;
const CODE_IS = '$property must be 3 to 64 letters, digits, "-" or "_"';
const DECIMAL_IS = '$property must be a plain number such as 1234.50, without signs, spaces or a currency';
const WHOLE_IS = '$property must be a whole number of minor units, such as 123450';

/** One line of a file, by field; a cell that is empty is left out. */
export class PartnerLine {
  @IsOptional()
  @ExternalId()
  externalId?: string;

  @IsOptional()
  @IsEmail({}, EMAIL)
  email?: string;

  @IsOptional()
  @PlainText(NAME_CHARS_MAX)
  name?: string;

  @IsOptional()
  @PlainText(NAME_CHARS_MAX)
  firstName?: string;

  @IsOptional()
  @PlainText(NAME_CHARS_MAX)
  lastName?: string;
}

/** Whose line it is. */
export class OfPartnerLine {
  /** The partner's external id, or ours. */
  @IsOptional()
  @IdText()
  partner?: string;

  @IsOptional()
  @IsEmail({}, EMAIL)
  partnerEmail?: string;

  /** The program's key. */
  @IsOptional()
  @Slug()
  program?: string;
}

export class CodeLine extends OfPartnerLine {
  @Matches(CHOSEN_CODE, { message: CODE_IS })
  code: string;
}

export class CustomerLine extends OfPartnerLine {
  /** The company's own id. */
  @IsOptional()
  @ExternalId()
  customerId?: string;

  @IsOptional()
  @IdText()
  stripeCustomerId?: string;

  @IsOptional()
  @IsEmail({}, EMAIL)
  customerEmail?: string;

  /** Of the partner who has the customer. */
  @IsOptional()
  @IdText()
  code?: string;

  @IsOptional()
  @IsoInstant()
  boundAt?: Date;
}

export class BalanceLine extends OfPartnerLine {
  /** In whole units with a decimal point. */
  @IsOptional()
  @Matches(/^\d{1,15}(?:\.\d{1,3})?$/, { message: DECIMAL_IS })
  amount?: string;

  @IsOptional()
  @Matches(/^\d{1,15}$/, { message: WHOLE_IS })
  amountMinor?: string;

  @IsOptional()
  @CurrencyCode()
  currency?: string;

  @IsOptional()
  @IsoInstant()
  dueAt?: Date;
}
