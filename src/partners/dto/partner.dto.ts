import { IsEmail, IsOptional } from 'class-validator';
import { MayBeLeftOut } from '../../common/dto-presence.js';
import { ExternalId, IdText, IsoInstant, PlainText } from '../../common/dto-decorators.js';
import { PageQuery } from '../../common/page-query.dto.js';
import type { CurrencyBalance, CurrencyStatement } from '../../ledger/ledger-reader.service.js';
import type { PayoutMethodType } from '../payout-method.entity.js';

const NAME_CHARS_MAX = 200;
const EMAIL = { message: '$property must be an e-mail address' };

export class CreatePartnerDto {
  /** The company's own user id. */
  @ExternalId()
  externalId: string;

  @IsOptional()
  @IsEmail({}, EMAIL)
  email?: string | null;

  @IsOptional()
  @PlainText(NAME_CHARS_MAX)
  name?: string | null;
}

export class UpdatePartnerDto {
  @MayBeLeftOut()
  @ExternalId()
  externalId?: string;

  /** Null takes it away. */
  @IsOptional()
  @IsEmail({}, EMAIL)
  email?: string | null;

  /** Null takes it away. */
  @IsOptional()
  @PlainText(NAME_CHARS_MAX)
  name?: string | null;
}

export class ListPartnersQuery extends PageQuery {
  @IsOptional()
  @IdText()
  externalId?: string;
}

export class StatementQuery {
  /** Included; the first of the month of `to` when left out. */
  @IsOptional()
  @IsoInstant()
  from?: Date;

  /** Excluded; now when left out. */
  @IsOptional()
  @IsoInstant()
  to?: Date;
}

export class PartnerView {
  id: string;
  externalId: string;
  email: string | null;
  name: string | null;
  /** The type of the payout method; null while there is none. */
  payoutMethod: PayoutMethodType | null;
  /** The key of the group that they are in now. */
  group: string | null;
  /** Whether they take part now; from when on they do not, or did not. */
  active: boolean;
  deactivatedAt: string | null;
  createdAt: string;
}

export class BalanceView {
  balances: CurrencyBalance[];
}

export class StatementView {
  from: string;
  to: string;
  /** One per currency, in the order of their codes. */
  statements: CurrencyStatement[];
}
