import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { SettleQueue } from '../../billing/mirror/settle-queue.js';
import { typeOfObject } from '../../billing/objects/registry.js';
import type { StripeData } from '../../billing/objects/stripe-model.entity.js';
import { StripeWriter } from '../../billing/operations/stripe-writer.service.js';
import { derivedFrom } from '../../billing/operations/write-call.js';
import { Clock } from '../../common/clock.js';
import { Coupons } from '../discounts/coupons.repository.js';
import { ReferralCode } from '../referral-code.entity.js';
import { CodePromotion, CodePromotionMade } from './code-promotion.entity.js';
import type { WantedPromotionCode } from './promotion-code-rules.js';
import { PromotionCodes, type PromotionState } from './promotion-codes.service.js';

export interface DuePromotion {
  workspaceId: string;
  codeId: string;
  revision: number;
  attempts: number;
  /** As PostgreSQL writes it: the claim's token. */
  dueAt: string;
}

/** Metadata of a promotion code that was made here: the code's id. */
const METADATA_KEY = 'tributary_code_id';

/** Brings one code's promotion codes in step with it. Calls Stripe, outside any transaction; safe to repeat. */
@Injectable()
export class PromotionSync {
  constructor(
    private readonly db: DataSource,
    private readonly promotions: PromotionCodes,
    private readonly coupons: Coupons,
    private readonly stripe: StripeWriter,
    private readonly settling: SettleQueue,
    private readonly clock: Clock,
  ) {}

  /** First ends what stood before, since no two active promotion codes may have one text. Errors: Stripe's refusals. */
  async bringInStep({ workspaceId, codeId, revision }: DuePromotion): Promise<void> {
    const code = await this.db.getRepository(ReferralCode).findOneByOrFail({ workspaceId, id: codeId });
    const state = (await this.promotions.statesOf([code], this.db.manager)).get(codeId);
    // Asked for anew since the claim: then it is due again.
    if (state?.promotion?.revision !== revision) return;
    const { stripeCouponId } = state.promotion;
    for (const { id, revision: madeFor } of state.made) {
      if (madeFor !== revision || stripeCouponId === null) await this.setActive(workspaceId, id, state, false);
    }
    if (stripeCouponId === null) return this.forget(code);
    const own = state.made.find(({ revision: madeFor }) => madeFor === revision);
    const { wanted } = (await this.promotions.statesOf([code], this.db.manager)).get(codeId) ?? state;
    if (own !== undefined) return this.setActive(workspaceId, own.id, state, wanted.active);
    if (wanted.active) await this.make(code, revision, wanted);
  }

  private async setActive(workspaceId: string, id: string, { held }: PromotionState, active: boolean): Promise<void> {
    if (held.get(id)?.active === active) return;
    const object = { type: typeOfObject('promotion_code'), id, account: '' };
    // Setting it twice does no harm; a key that was used for it before would get that answer and change nothing.
    await this.stripe.update(derivedFrom({ workspaceId }, id, randomUUID()), object, { active });
  }

  private async make(code: ReferralCode, revision: number, wanted: WantedPromotionCode): Promise<void> {
    const { workspaceId, id: codeId } = code;
    if (wanted.couponId !== null) await this.coupons.ensureMade(workspaceId, wanted.couponId);
    const call = derivedFrom({ workspaceId }, 'promotion_code', codeId, String(revision));
    const { id } = await this.stripe.create(
      call,
      { type: typeOfObject('promotion_code'), account: '' },
      paramsOf(wanted, codeId),
    );
    await this.db.transaction(async (tx) => {
      const made = { workspaceId, id, codeId, revision, madeAt: this.clock.now() };
      await tx.createQueryBuilder().insert().into(CodePromotionMade).values(made).orIgnore().execute();
      const { revision: newest } = await tx
        .getRepository(CodePromotion)
        .findOneOrFail({ where: { workspaceId, codeId }, lock: { mode: 'pessimistic_write' } });
      if (newest === revision) {
        await tx.getRepository(ReferralCode).update({ workspaceId, id: codeId }, { stripePromotionCodeId: id });
      }
      await this.settling.touch([{ workspaceId, account: '', kind: 'promotion_code', id }], tx);
    });
  }

  /** The code stands for itself again; whoever used one of its promotion codes stays its customer. */
  private async forget({ workspaceId, id }: ReferralCode): Promise<void> {
    await this.db.query(
      `UPDATE tributary.referral_code c SET stripe_promotion_code_id = NULL
        WHERE c.workspace_id = $1 AND c.id = $2 AND EXISTS (
          SELECT 1 FROM tributary.code_promotion_made m
           WHERE m.workspace_id = $1 AND m.code_id = $2 AND m.id = c.stripe_promotion_code_id)`,
      [workspaceId, id],
    );
  }
}

function paramsOf({ code, couponId, expiresAt, maxRedemptions }: WantedPromotionCode, codeId: string): StripeData {
  return {
    promotion: { type: 'coupon', coupon: couponId },
    code,
    metadata: { [METADATA_KEY]: codeId },
    ...(expiresAt !== null && { expires_at: expiresAt }),
    ...(maxRedemptions !== null && { max_redemptions: maxRedemptions }),
  };
}
