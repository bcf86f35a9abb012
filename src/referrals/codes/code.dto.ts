import { ApiHideProperty } from '@nestjs/swagger';
import { IsBoolean, IsOptional, Matches } from 'class-validator';
import { IdText, IsoInstant, WholeNumber } from '../../common/dto-decorators.js';
import { CannotBeChanged, MayBeLeftOut } from '../../common/dto-presence.js';
import { PageQuery } from '../../common/page-query.dto.js';
import { CHOSEN_CODE, type CodeObjection } from './code-rules.js';

const USES_MAX = 1_000_000_000;
const PROMOTION_CODE_ID = /^promo_[A-Za-z0-9_]{1,64}$/;

class CodeLimitsDto {
  /** How many customers it may bring; null or left out: any number. */
  @IsOptional()
  @WholeNumber(1, USES_MAX)
  maxUses?: number | null;

  /** From this instant on it brings nobody new; null or left out: never. */
  @IsOptional()
  @IsoInstant()
  expiresAt?: Date | null;

  /** The Stripe promotion code that stands for it; without one, a promotion code of the same text does. */
  @IsOptional()
  @Matches(PROMOTION_CODE_ID, { message: '$property must be the id of a Stripe promotion code, such as "promo_1NX…"' })
  stripePromotionCodeId?: string | null;
}

export class CreateCodeDto extends CodeLimitsDto {
  @IdText()
  programKey: string;

  @IdText()
  partnerId: string;

  /** Made for you when left out. */
  @IsOptional()
  @Matches(CHOSEN_CODE, { message: '$property must be 3 to 64 letters, digits, "-" or "_"' })
  code?: string | null;
}

export class UpdateCodeDto extends CodeLimitsDto {
  @MayBeLeftOut()
  @IsBoolean({ message: '$property must be true or false' })
  active?: boolean;

  @ApiHideProperty()
  @CannotBeChanged('links carry it; make another code instead')
  code?: never;

  @ApiHideProperty()
  @CannotBeChanged('make another code for the other program')
  programKey?: never;

  @ApiHideProperty()
  @CannotBeChanged('make another code for the other partner')
  partnerId?: never;
}

/** `:code` of a path, or the `code` of a gRPC request; compared without regard to case. */
export class CodeParam {
  @IdText()
  code: string;
}

/** What lists of codes, referrals and commissions can be narrowed to. */
export class PartnerProgramQuery extends PageQuery {
  @IsOptional()
  @IdText()
  partnerId?: string;

  @IsOptional()
  @IdText()
  programKey?: string;
}

export class CodeView {
  id: string;
  code: string;
  programKey: string;
  partnerId: string;
  active: boolean;
  maxUses: number | null;
  /** How many customers it has brought. */
  uses: number;
  expiresAt: string | null;
  stripePromotionCodeId: string | null;
  createdAt: string;
}

export class CodeValidityView {
  valid: boolean;
  /** As its owner writes it, or as it was asked for when there is none. */
  code: string;
  programKey?: string;
  partnerId?: string;
  /** Why not. */
  reason?: CodeObjection | 'code_not_found';
}
