import { IsOptional } from 'class-validator';
import { IdText, PlainText } from '../../common/dto-decorators.js';

const ADDRESS_CHARS_MAX = 8_192;

export class CreateClickDto {
  @IdText()
  code: string;

  /** The page that was asked for; kept without its query and fragment. */
  @IsOptional()
  @PlainText(ADDRESS_CHARS_MAX)
  url?: string | null;

  /** The page before it; kept without its query and fragment. */
  @IsOptional()
  @PlainText(ADDRESS_CHARS_MAX)
  referrer?: string | null;
}

export class ClickView {
  /** Goes into Stripe's `client_reference_id`. */
  id: string;
  code: string;
  programKey: string;
  partnerId: string;
  createdAt: string;
}
