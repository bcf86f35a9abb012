import { ApiHideProperty } from '@nestjs/swagger';
import { IsBoolean, IsOptional, Matches } from 'class-validator';
import { IdText, IsoInstant, PlainText, WholeNumber } from '../../common/dto-decorators.js';
import { CannotBeChanged, MayBeLeftOut } from '../../common/dto-presence.js';
import { PageQuery } from '../../common/page-query.dto.js';
import { DiscountView } from '../discounts/discount.dto.js';
import { CHOSEN_CODE, type CodeObjection } from './code-rules.js';
import type { DriftField } from './promotion-code-rules.js';

const USES_MAX = 1_000_000_000;
const REASON_CHARS_MAX = 500;
const CODE_IS = '$property must be 3 to 64 letters, digits, "-" or "_"';
const PROMOTION_CODE_ID = /^promo_[A-Za-z0-9_]{1,64}$/;

class CodeLimitsDto {
  /** How many customers it may bring; null or left out: no limit. */
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

  /** Makes a promotion code for this coupon at Stripe and keeps it in step; null for none, left out the program's. */
  @IsOptional()
  @IdText()
  stripeCouponId?: string | null;
}

export class CreateCodeDto extends CodeLimitsDto {
  @IdText()
  programKey: string;

  @IdText()
  partnerId: string;

  /** Made for you when left out. */
  @IsOptional()
  @Matches(CHOSEN_CODE, { message: CODE_IS })
  code?: string | null;
}

class CodeChangesDto extends CodeLimitsDto {
  /** False suspends it, true reactivates it. */
  @MayBeLeftOut()
  @IsBoolean({ message: '$property must be true or false' })
  active?: boolean;

  /** Why it is suspended or reactivated; only beside `active`. */
  @IsOptional()
  @PlainText(REASON_CHARS_MAX)
  reason?: string | null;
}

export class UpdateCodeDto extends CodeChangesDto {
  /** Another text for it; the old one goes on leading to it. */
  @MayBeLeftOut()
  @Matches(CHOSEN_CODE, { message: CODE_IS })
  code?: string;

  @ApiHideProperty()
  @CannotBeChanged('make another code for the other program')
  programKey?: never;

  @ApiHideProperty()
  @CannotBeChanged('make another code for the other partner')
  partnerId?: never;
}

/** As `UpdateCodeDto`, for calls whose `code` says which one is meant. */
export class UpdateCodeCall extends CodeChangesDto {
  @IdText()
  code: string;

  /** Another text for it; the old one goes on leading to it. */
  @IsOptional()
  @Matches(CHOSEN_CODE, { message: CODE_IS })
  newCode?: string;
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

export class PromotionCodeView {
  /** Null until Stripe has made it. */
  id: string | null;
  /** At Stripe, as the mirror has it; null while the mirror has none. */
  active: boolean | null;
  /** Where Stripe differs from the code. */
  drift: DriftField[];
  /** Why Stripe could not be told. */
  error: string | null;
}

export class CodeView {
  id: string;
  code: string;
  /** Texts that it had before and that still lead to it, oldest first. */
  formerCodes: string[];
  programKey: string;
  partnerId: string;
  active: boolean;
  /** Why and when it was last suspended or reactivated. */
  statusReason: string | null;
  statusChangedAt: string | null;
  maxUses: number | null;
  /** How many customers it has brought. */
  uses: number;
  expiresAt: string | null;
  stripePromotionCodeId: string | null;
  stripeCouponId: string | null;
  /** Of the promotion code that stands for it; null when none does by its id. */
  promotionCode: PromotionCodeView | null;
  /** What a new customer gets by it now. */
  discount: DiscountView | null;
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
  /** What a new customer gets by a valid one; null for nothing. */
  discount?: DiscountView | null;
}
