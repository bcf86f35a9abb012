import { MS_PER_SECOND } from '../../common/clock.js';
import { isObject, refId } from '../../billing/objects/shapes.js';
import type { StripeData } from '../../billing/objects/stripe-model.entity.js';
import type { ReferralCode } from '../referral-code.entity.js';
import { codeKeyOf } from './code-rules.js';

/** What is read of a promotion code at Stripe, in whichever version of its shape. */
export interface HeldPromotionCode {
  id: string;
  active: boolean;
  code: string;
  couponId: string | null;
  /** Unix seconds. */
  expiresAt: number | null;
  maxRedemptions: number | null;
  timesRedeemed: number;
}

/** Pure. */
export function heldPromotionCode(id: string, data: StripeData): HeldPromotionCode {
  const promotion = isObject(data.promotion) ? data.promotion : {};
  return {
    id,
    active: data.active === true,
    code: String(data.code ?? ''),
    couponId: refId(data.coupon) ?? refId(promotion.coupon),
    expiresAt: numberOf(data.expires_at),
    maxRedemptions: numberOf(data.max_redemptions),
    timesRedeemed: numberOf(data.times_redeemed) ?? 0,
  };
}

const numberOf = (value: unknown): number | null => (typeof value === 'number' ? value : null);

/** What a code wants of its promotion code. Stripe lets nobody change anything of one but whether it is active. */
export interface WantedPromotionCode {
  active: boolean;
  code: string;
  couponId: string | null;
  expiresAt: number | null;
  maxRedemptions: number | null;
}

type Wanting = Pick<ReferralCode, 'active' | 'code' | 'expiresAt' | 'maxUses'>;

/**
 * `redeemedBefore` is how often the promotion codes were used that stood for the code earlier: of a maximum only the rest is
 * left. A code that is suspended, expired or used up at Stripe wants its promotion code inactive. Pure.
 */
export function wantedOf(
  { active, code, expiresAt, maxUses }: Wanting,
  couponId: string | null,
  redeemedBefore: number,
  now: Date,
): WantedPromotionCode {
  const maxRedemptions = maxUses === null ? null : maxUses - redeemedBefore;
  const isOver = expiresAt !== null && expiresAt.getTime() <= now.getTime();
  return {
    active: active && !isOver && (maxRedemptions === null || maxRedemptions > 0),
    code,
    couponId,
    expiresAt: expiresAt === null ? null : Math.floor(expiresAt.getTime() / MS_PER_SECOND),
    maxRedemptions,
  };
}

export const DRIFT_FIELDS = ['missing', 'active', 'code', 'coupon', 'expires_at', 'max_redemptions'] as const;
export type DriftField = (typeof DRIFT_FIELDS)[number];

/** Where the promotion code, as the mirror has it, differs from what its code wants. A coupon of null is not asked for. Pure. */
export function driftOf(wanted: WantedPromotionCode, held: HeldPromotionCode | null, now: Date): DriftField[] {
  if (held === null) return wanted.active ? ['missing'] : [];
  // Stripe ends those itself, and tells of it when it likes.
  const isOver =
    (held.maxRedemptions !== null && held.timesRedeemed >= held.maxRedemptions) ||
    (held.expiresAt !== null && held.expiresAt * MS_PER_SECOND <= now.getTime());
  // One that brings nobody any more may be whatever it is otherwise.
  if (!wanted.active) return held.active && !isOver ? ['active'] : [];
  const found: Array<[DriftField, boolean]> = [
    ['active', !held.active && !isOver],
    ['code', codeKeyOf(held.code) !== codeKeyOf(wanted.code)],
    ['coupon', wanted.couponId !== null && held.couponId !== wanted.couponId],
    ['expires_at', held.expiresAt !== wanted.expiresAt],
    ['max_redemptions', held.maxRedemptions !== wanted.maxRedemptions],
  ];
  return found.filter(([, differs]) => differs).map(([field]) => field);
}
