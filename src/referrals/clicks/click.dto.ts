import { IsBoolean, IsIP, IsOptional } from 'class-validator';
import { IdText, PlainText } from '../../common/dto-decorators.js';
import type { Visitor } from './click-rules.js';

const ADDRESS_CHARS_MAX = 8_192;
const AGENT_CHARS_MAX = 1_024;

export class CreateClickDto {
  @IdText()
  code: string;

  /** The page that was asked for; kept without its query and fragment, but for the campaign (`utm_…`). */
  @IsOptional()
  @PlainText(ADDRESS_CHARS_MAX)
  url?: string | null;

  /** The page before it; kept without its query and fragment. */
  @IsOptional()
  @PlainText(ADDRESS_CHARS_MAX)
  referrer?: string | null;

  /** The visitor's address; kept as a hash with the day's salt only. */
  @IsOptional()
  @IsIP(undefined, { message: '$property must be an IP address' })
  ip?: string | null;

  /** The visitor's `User-Agent`; kept as a hash, too, and tells bots from people. */
  @IsOptional()
  @PlainText(AGENT_CHARS_MAX)
  userAgent?: string | null;

  /** Whether the visitor agreed to be recognised; after false no hashes are kept. */
  @IsOptional()
  @IsBoolean({ message: '$property must be true or false' })
  consent?: boolean | null;
}

export class ClickView {
  /** Goes into Stripe's `client_reference_id`. */
  id: string;
  code: string;
  programKey: string;
  partnerId: string;
  /** Who clicked, as far as the user agent tells. */
  visitor: Visitor;
  createdAt: string;
}
