import { invalidRequest, noSuch } from '../core/errors.js';
import { stripeId } from '../core/ids.js';
import type { Scope } from '../core/scope.js';
import type { Kinds } from '../core/wire.js';
import type { DiscountRule } from '../money/invoice-math.js';
import { addMonths } from '../money/periods.js';

type Discount = Kinds['discount'];
type Coupon = Kinds['coupon'];
type PromotionCode = Kinds['promotion_code'];

/** One entry of a `discounts` parameter. */
export interface DiscountRequest {
  coupon?: string;
  promotion_code?: string;
  discount?: string;
}
export interface DiscountTarget {
  customer: string | null;
  subscription?: string;
  invoice?: string;
  invoiceItem?: string;
  subscriptionItem?: string;
  checkoutSession?: string;
  currency?: string;
}

/** Redeems coupons and promotion codes; what stood as `discount` already is kept. Answers the ids of the discounts. */
export function redeemAll(scope: Scope, requests: readonly DiscountRequest[], target: DiscountTarget): string[] {
  return requests.map((request) => {
    if (request.discount !== undefined) return scope.get('discount', request.discount, 'discounts').id;
    return redeem(scope, request, target).id;
  });
}

export function redeem(scope: Scope, request: DiscountRequest, target: DiscountTarget): Discount {
  const code =
    request.promotion_code === undefined ? null : requirePromotionCode(scope, request.promotion_code, target);
  const coupon = requireCoupon(scope, code?.promotion.coupon ?? request.coupon ?? '', target.currency);
  const discount: Discount = {
    id: stripeId('di'),
    object: 'discount',
    checkout_session: target.checkoutSession ?? null,
    customer: target.customer,
    customer_account: null,
    end: coupon.duration === 'repeating' ? addMonths(scope.now, coupon.duration_in_months ?? 0) : null,
    invoice: target.invoice ?? null,
    invoice_item: target.invoiceItem ?? null,
    promotion_code: code?.id ?? null,
    source: { coupon: coupon.id, type: 'coupon' },
    start: scope.now,
    subscription: target.subscription ?? null,
    subscription_item: target.subscriptionItem ?? null,
  };
  countRedemption(scope, coupon, code);
  // Stripe tells of a discount only when it lasts: on a customer or a subscription.
  const lasts = !target.invoice && !target.invoiceItem && !target.checkoutSession;
  return scope.insert('discount', discount, lasts ? 'customer.discount.created' : undefined);
}

export function endDiscount(scope: Scope, id: string): void {
  const discount = scope.maybe('discount', id);
  if (discount) scope.emit('customer.discount.deleted', { ...discount, end: discount.end ?? scope.now });
}

/** What Stripe answers when a discount is taken off: it has no end any more. */
export function deletedDiscount(discount: Discount): Partial<Discount> & { deleted: true } {
  const gone: Partial<Discount> & { deleted: true } = { ...discount, deleted: true };
  delete gone.end;
  return gone;
}

/** How the discount counts, also after its coupon was deleted. */
export function ruleOf(scope: Scope, id: string): DiscountRule {
  const discount = scope.get('discount', id, 'discounts');
  const couponId = discount.source.coupon ?? '';
  const coupon = scope.maybe('coupon', couponId) ?? scope.world.store.buried(scope.account, 'coupon', couponId);
  if (!coupon) throw noSuch('coupon', couponId, 'coupon');
  return {
    discount: id,
    percentOff: coupon.percent_off,
    amountOff: coupon.amount_off,
    products: coupon.applies_to?.products ?? null,
  };
}

export function durationOf(scope: Scope, id: string): Coupon['duration'] {
  const couponId = scope.get('discount', id).source.coupon ?? '';
  const coupon = scope.maybe('coupon', couponId) ?? scope.world.store.buried(scope.account, 'coupon', couponId);
  return coupon?.duration ?? 'forever';
}

/** Checked without redeeming, as Checkout does when a session is made. */
export function requireCoupon(scope: Scope, id: string, currency?: string): Coupon {
  const coupon = scope.get('coupon', id, 'coupon');
  if (!isValid(coupon, scope.now)) {
    throw invalidRequest(`This coupon is expired or has been redeemed too often: ${id}.`, {
      param: 'coupon',
      code: 'coupon_expired',
    });
  }
  if (coupon.amount_off !== null && currency !== undefined && coupon.currency !== currency) {
    const message = `The coupon ${id} takes off ${coupon.currency ?? ''} and cannot be applied to ${currency}.`;
    throw invalidRequest(message, { param: 'coupon' });
  }
  return coupon;
}

export const isValid = (coupon: Coupon, now: number): boolean =>
  !(coupon.redeem_by !== null && coupon.redeem_by < now) &&
  !(coupon.max_redemptions !== null && coupon.times_redeemed >= coupon.max_redemptions);

export function requirePromotionCode(
  scope: Scope,
  id: string,
  target: Pick<DiscountTarget, 'customer'>,
): PromotionCode {
  const code = scope.get('promotion_code', id, 'promotion_code');
  const refuse = (why: string): Error =>
    invalidRequest(`This promotion code cannot be redeemed because ${why}.`, {
      param: 'promotion_code',
      code: 'promotion_code_invalid',
    });
  if (!code.active) throw refuse('it is not active');
  if (code.expires_at !== null && code.expires_at < scope.now) throw refuse('it has expired');
  if (code.max_redemptions !== null && code.times_redeemed >= code.max_redemptions) throw refuse('it is used up');
  if (code.customer !== null && code.customer !== target.customer) throw refuse('it belongs to another customer');
  if (code.restrictions.first_time_transaction && hasPaid(scope, target.customer)) {
    throw refuse('the associated customer has prior transactions');
  }
  return code;
}

const hasPaid = (scope: Scope, customer: string | null): boolean =>
  customer !== null && scope.all('charge', (charge) => charge.customer === customer && charge.paid).length > 0;

function countRedemption(scope: Scope, coupon: Coupon, code: PromotionCode | null): void {
  const used = { ...coupon, times_redeemed: coupon.times_redeemed + 1 };
  const valid = isValid(used, scope.now);
  scope.update('coupon', coupon, { times_redeemed: used.times_redeemed, valid }, 'coupon.updated');
  if (!code) return;
  const times = code.times_redeemed + 1;
  const active = code.max_redemptions === null || times < code.max_redemptions;
  scope.update('promotion_code', code, { times_redeemed: times, active }, 'promotion_code.updated');
}
