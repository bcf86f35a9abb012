import { Injectable } from '@nestjs/common';
import { In } from 'typeorm';
import type { EntityManager } from 'typeorm';
import type { StripeData } from '../../billing/objects/stripe-model.entity.js';
import { Clock } from '../../common/clock.js';
import { Coupons } from '../discounts/coupons.repository.js';
import type { DiscountView } from '../discounts/discount.dto.js';
import { ProgramDiscounts } from '../discounts/program-discounts.service.js';
import type { ReferralCode } from '../referral-code.entity.js';
import type { ReferralProgram } from '../referral-program.entity.js';
import { CodePromotion, CodePromotionMade } from './code-promotion.entity.js';
import type { PromotionCodeView } from './code.dto.js';
import {
  driftOf,
  heldPromotionCode,
  wantedOf,
  type HeldPromotionCode,
  type WantedPromotionCode,
} from './promotion-code-rules.js';

const FIELD = 'stripeCouponId';

/** A code's promotion codes: what was asked for, what stands, what stood before, and what should stand. */
export interface PromotionState {
  promotion: CodePromotion | null;
  /** Ours, newest first. */
  made: CodePromotionMade[];
  /** By id, as the mirror has them. */
  held: Map<string, HeldPromotionCode>;
  wanted: WantedPromotionCode;
}

/** The fields of a code's view that tell of Stripe. */
export interface ShownPromotion {
  stripeCouponId: string | null;
  promotionCode: PromotionCodeView | null;
  /** Null while nobody can get it. */
  discount: DiscountView | null;
}

/** That codes stand at Stripe as promotion codes: what is wanted, and where Stripe differs. It calls nobody. */
@Injectable()
export class PromotionCodes {
  constructor(
    private readonly coupons: Coupons,
    private readonly discounts: ProgramDiscounts,
    private readonly clock: Clock,
  ) {}

  /**
   * Notes what Stripe is to be told of the code, which is as it will be; `before` is what it was, null for a new one. A
   * coupon of undefined is left as it is, or the program's for a new code. Errors: `coupon_not_found`, `coupon_not_valid`, `coupon_currency`.
   */
  async want(
    code: ReferralCode,
    before: ReferralCode | null,
    { coupon, program }: { coupon: string | null | undefined; program: ReferralProgram },
    tx: EntityManager,
  ): Promise<void> {
    const { workspaceId, id: codeId } = code;
    const promotions = tx.getRepository(CodePromotion);
    const known = await promotions.findOneBy({ workspaceId, codeId });
    if (coupon != null) await this.coupons.assertFits(workspaceId, coupon, program, FIELD, tx);
    const stripeCouponId = coupon === undefined ? await this.kept(code, before, known, tx) : coupon;
    if (known === null && stripeCouponId === null) return;
    const isOther = known === null || known.stripeCouponId !== stripeCouponId || termsDiffer(code, before);
    // Whoever names the coupon again wants another attempt, which Stripe must not answer from memory.
    const isRetried = coupon != null && known !== null && known.error !== null;
    const revision = (known?.revision ?? 0) + (isOther || isRetried ? 1 : 0);
    if (!isOther && !isRetried && coupon == null && code.active === before?.active) return;
    await promotions.save({
      workspaceId,
      codeId,
      stripeCouponId,
      revision,
      dueAt: new Date(),
      attempts: 0,
      error: null,
    });
  }

  /** What is shown of each code's promotion code; null for a code that has none. */
  async viewsOf(codes: readonly ReferralCode[], manager: EntityManager): Promise<Map<string, ShownPromotion>> {
    const states = await this.statesOf(codes, manager);
    const now = this.clock.now();
    const shown = codes.map((code) => {
      const { promotion, held, wanted } = states.get(code.id) as PromotionState;
      const stripeCouponId = promotion?.stripeCouponId ?? null;
      const id = code.stripePromotionCodeId;
      const standing = held.get(id ?? '') ?? null;
      const drift = driftOf(wanted, standing, now);
      const view = { id, active: standing?.active ?? null, drift, error: promotion?.error ?? null };
      const promotionCode = stripeCouponId === null && id === null ? null : view;
      const isOutOfReach = view.error !== null || drift.includes('active');
      const givenBy = isOutOfReach ? null : (stripeCouponId ?? standing?.couponId ?? null);
      return { codeId: code.id, stripeCouponId, promotionCode, givenBy };
    });
    const [{ workspaceId } = { workspaceId: '' }] = codes;
    const coupons = await this.coupons.of(
      workspaceId,
      [...new Set(shown.flatMap(({ givenBy }) => givenBy ?? []))],
      manager,
    );
    return new Map(
      shown.map(({ codeId, stripeCouponId, promotionCode, givenBy }) => {
        const coupon = coupons.get(givenBy ?? '');
        const discount = coupon?.redeemable === true ? coupon.terms : null;
        return [codeId, { stripeCouponId, promotionCode, discount }];
      }),
    );
  }

  /** By the codes' ids, for all of them. */
  async statesOf(codes: readonly ReferralCode[], manager: EntityManager): Promise<Map<string, PromotionState>> {
    const [first] = codes;
    if (first === undefined) return new Map();
    const where = { workspaceId: first.workspaceId, codeId: In(codes.map(({ id }) => id)) };
    const promotions = await manager.getRepository(CodePromotion).findBy(where);
    const order = { revision: 'DESC' } as const;
    const made = await manager.getRepository(CodePromotionMade).find({ where, order });
    const standing = codes.flatMap(({ stripePromotionCodeId }) => stripePromotionCodeId ?? []);
    const held = await heldOf(first.workspaceId, [...standing, ...made.map(({ id }) => id)], manager);
    const now = this.clock.now();
    return new Map(
      codes.map((code) => {
        const promotion = promotions.find(({ codeId }) => codeId === code.id) ?? null;
        const own = made.filter(({ codeId }) => codeId === code.id);
        const earlier = own.filter(({ revision }) => promotion === null || revision < promotion.revision);
        const redeemedBefore = earlier.reduce((sum, { id }) => sum + (held.get(id)?.timesRedeemed ?? 0), 0);
        const wanted = wantedOf(code, promotion?.stripeCouponId ?? null, redeemedBefore, now);
        return [code.id, { promotion, made: own, held, wanted }];
      }),
    );
  }

  /** A promotion code of the company's own goes before the program's discount. */
  private async kept(
    { workspaceId, programId: id, stripePromotionCodeId }: ReferralCode,
    before: ReferralCode | null,
    known: CodePromotion | null,
    tx: EntityManager,
  ): Promise<string | null> {
    if (before !== null || stripePromotionCodeId !== null) return known?.stripeCouponId ?? null;
    return this.discounts.couponOf({ workspaceId, id }, tx);
  }
}

/** What Stripe lets nobody change of a promotion code. */
function termsDiffer(code: ReferralCode, before: ReferralCode | null): boolean {
  if (before === null) return true;
  const expiry = ({ expiresAt }: ReferralCode): number | null => expiresAt?.getTime() ?? null;
  return code.codeKey !== before.codeKey || code.maxUses !== before.maxUses || expiry(code) !== expiry(before);
}

async function heldOf(
  workspaceId: string,
  ids: readonly string[],
  manager: EntityManager,
): Promise<Map<string, HeldPromotionCode>> {
  if (ids.length === 0) return new Map();
  const rows = await manager.query<Array<{ id: string; data: StripeData }>>(
    `SELECT id, data FROM stripe.promotion_codes
      WHERE workspace_id = $1 AND account = '' AND id = ANY($2) AND deleted_at IS NULL`,
    [workspaceId, ids],
  );
  return new Map(rows.map(({ id, data }) => [id, heldPromotionCode(id, data)]));
}
