import { Injectable } from '@nestjs/common';
import { DataSource, In, IsNull, Not } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { typeOfObject } from '../../billing/objects/registry.js';
import type { StripeData } from '../../billing/objects/stripe-model.entity.js';
import { StripeWriter } from '../../billing/operations/stripe-writer.service.js';
import { derivedFrom } from '../../billing/operations/write-call.js';
import { Clock } from '../../common/clock.js';
import { DomainError, invalidField } from '../../common/errors.js';
import type { ReferralProgram } from '../referral-program.entity.js';
import { couponParams, isRedeemable, termsOfCoupon, type DiscountTerms } from './discount-terms.js';
import { ProgramDiscount } from './program-discount.entity.js';

export interface Coupon {
  terms: DiscountTerms;
  /** Whether new customers can still get it. */
  redeemable: boolean;
}

/** Coupons as the mirror has them, or as Stripe will be asked for them. */
@Injectable()
export class Coupons {
  constructor(
    private readonly db: DataSource,
    private readonly stripe: StripeWriter,
    private readonly clock: Clock,
  ) {}

  /** By id; those that neither exist nor are to be made are left out. */
  async of(workspaceId: string, ids: readonly string[], manager: EntityManager): Promise<Map<string, Coupon>> {
    const found = new Map<string, Coupon>();
    if (ids.length === 0) return found;
    for (const { terms, stripeCouponId } of await awaited(workspaceId, ids, manager)) {
      if (terms !== null && stripeCouponId !== null) found.set(stripeCouponId, { terms, redeemable: true });
    }
    const rows = await manager.query<Array<{ id: string; data: StripeData }>>(
      `SELECT id, data FROM stripe.coupons
        WHERE workspace_id = $1 AND account = '' AND id = ANY($2) AND deleted_at IS NULL`,
      [workspaceId, ids],
    );
    const now = this.clock.now();
    for (const { id, data } of rows) {
      found.set(id, { terms: termsOfCoupon(data), redeemable: isRedeemable(data, now) });
    }
    return found;
  }

  /** Errors, naming `field`: `coupon_not_found`, `coupon_not_valid`, `coupon_currency`. */
  async assertFits(
    workspaceId: string,
    id: string,
    { key, currency }: Pick<ReferralProgram, 'key' | 'currency'>,
    field: string,
    tx: EntityManager,
  ): Promise<void> {
    const coupon = (await this.of(workspaceId, [id], tx)).get(id);
    if (coupon === undefined) {
      const says = `the mirror has no coupon ${id}: make it at Stripe, or ask for it with GET /v1/billing/coupons/${id}?fresh=true`;
      throw new DomainError('not_found', 'coupon_not_found', says, { field });
    }
    if (!coupon.redeemable) {
      throw invalidField(field, 'coupon_not_valid', `the coupon ${id} can no longer be redeemed; name another`);
    }
    const { currency: own } = coupon.terms;
    if (own !== null && currency !== null && own !== currency) {
      const says = `the coupon ${id} takes off ${own}, and the program ${key} is in ${currency}; name a coupon in ${currency}, or one of a percentage`;
      throw invalidField(field, 'coupon_currency', says);
    }
  }

  /**
   * Makes the coupon at Stripe where a program asks for one of this id that is not there yet. Calls Stripe, outside any
   * transaction; safe to repeat. Errors: Stripe's refusals.
   */
  async ensureMade(workspaceId: string, id: string): Promise<void> {
    const [asked] = await awaited(workspaceId, [id], this.db.manager);
    if (asked?.terms == null) return;
    const type = typeOfObject('coupon');
    const call = derivedFrom({ workspaceId }, 'coupon', id);
    try {
      await this.stripe.create(call, { type, account: '' }, couponParams(id, asked.terms));
    } catch (error) {
      // Nobody else makes one of this id: the answer was lost, and Stripe has forgotten the key since.
      if (!(error instanceof DomainError) || error.code !== 'stripe_resource_already_exists') throw error;
      await this.stripe.refresh(call, [{ type, id, account: '' }]);
    }
    const { programId, version } = asked;
    const made = { madeAt: this.clock.now() };
    await this.db.getRepository(ProgramDiscount).update({ workspaceId, programId, version }, made);
  }
}

function awaited(workspaceId: string, ids: readonly string[], manager: EntityManager): Promise<ProgramDiscount[]> {
  const where = { workspaceId, stripeCouponId: In([...ids]), terms: Not(IsNull()), madeAt: IsNull() };
  return manager.getRepository(ProgramDiscount).findBy(where);
}
