import { Type } from 'class-transformer';
import { IsBoolean, IsObject, IsOptional, ValidateNested } from 'class-validator';
import { IdText, WholeNumber } from '../../common/dto-decorators.js';
import { MayBeLeftOut } from '../../common/dto-presence.js';
import { PageQuery } from '../../common/page-query.dto.js';

const EXPIRES_IN_SECONDS_MIN = 60;
/** 30 days. */
const EXPIRES_IN_SECONDS_MAX = 2_592_000;

export class PartnerTokenAllowsDto {
  /** Whether it shows the names of the customers they referred, or only initials; default false. */
  @MayBeLeftOut()
  @IsBoolean({ message: '$property must be true or false' })
  customerNames?: boolean;
}

export class CreatePartnerTokenDto {
  /** From 60 to 2592000 (30 days); 3600 when left out. */
  @MayBeLeftOut()
  @WholeNumber(EXPIRES_IN_SECONDS_MIN, EXPIRES_IN_SECONDS_MAX)
  expiresInSeconds?: number;

  @IsOptional()
  @IsObject({ message: '$property must be an object such as {"customerNames":true}' })
  @ValidateNested()
  @Type(() => PartnerTokenAllowsDto)
  allow?: PartnerTokenAllowsDto;
}

/** The same over gRPC, where the partner's id is part of the message. */
export class CreatePartnerTokenRequest extends CreatePartnerTokenDto {
  @IdText()
  id: string;
}

/** Over gRPC. */
export class ListPartnerTokensRequest extends PageQuery {
  @IdText()
  id: string;
}

/** The partner, and one of their tokens. */
export class PartnerTokenParam {
  @IdText()
  id: string;

  @IdText()
  tokenId: string;
}

export class PartnerTokenAllowsView {
  customerNames: boolean;
}

export class PartnerTokenView {
  /** The part of the token that is no secret. */
  id: string;
  partnerId: string;
  allow: PartnerTokenAllowsView;
  createdAt: string;
  expiresAt: string;
  revokedAt: string | null;
  /** Lags by up to a minute. */
  lastUsedAt: string | null;
}

export class NewPartnerTokenView extends PartnerTokenView {
  /** Shown this once. */
  token: string;
}
