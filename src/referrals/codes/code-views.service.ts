import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { ReferralCode } from '../referral-code.entity.js';
import type { CodeView } from './code.dto.js';
import { CodeNames } from './code-names.repository.js';
import { PromotionCodes } from './promotion-codes.service.js';

/** A code with the key of its program. */
export interface CodeInProgram {
  code: ReferralCode;
  programKey: string;
}

/** Codes as they are shown, with their earlier texts and what Stripe has of them. */
@Injectable()
export class CodeViews {
  constructor(
    private readonly names: CodeNames,
    private readonly promotions: PromotionCodes,
  ) {}

  async one(found: CodeInProgram, manager: EntityManager): Promise<CodeView> {
    const [view] = await this.of([found], manager);
    return view as CodeView;
  }

  /** In the order given; all of one workspace. */
  async of(found: readonly CodeInProgram[], manager: EntityManager): Promise<CodeView[]> {
    const codes = found.map(({ code }) => code);
    const former = await this.names.formerOf(codes, manager);
    const promotions = await this.promotions.viewsOf(codes, manager);
    return found.map(({ code: row, programKey }) => {
      const { id, code, partnerId, active, statusReason, maxUses, uses, stripePromotionCodeId } = row;
      const { stripeCouponId = null, promotionCode = null, discount = null } = promotions.get(id) ?? {};
      return {
        ...{ id, code, formerCodes: former.get(id) ?? [], programKey, partnerId, active, statusReason },
        statusChangedAt: row.statusChangedAt?.toISOString() ?? null,
        ...{ maxUses, uses },
        expiresAt: row.expiresAt?.toISOString() ?? null,
        ...{ stripePromotionCodeId, stripeCouponId, promotionCode, discount },
        createdAt: row.createdAt.toISOString(),
      };
    });
  }
}
