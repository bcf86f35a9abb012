import { isDeepStrictEqual } from 'node:util';
import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Clock } from '../../common/clock.js';
import { DomainError } from '../../common/errors.js';
import { StripeGateway } from '../../stripe/stripe-gateway.service.js';
import type { ReferralProgram } from '../referral-program.entity.js';
import { Coupons } from './coupons.repository.js';
import { couponIdOf, type DiscountTerms } from './discount-terms.js';
import type { CustomerDiscountDto, CustomerDiscountView } from './discount.dto.js';
import { ProgramDiscount } from './program-discount.entity.js';
import { termsMeant } from './told-discount.js';

const FIELD = 'customerDiscount';

/** What the new customers of programs get. Codes that exist keep what they have. */
@Injectable()
export class ProgramDiscounts {
  constructor(
    private readonly coupons: Coupons,
    private readonly stripe: StripeGateway,
    private readonly clock: Clock,
  ) {}

  /**
   * For the codes that are made from now on; null for none any more, undefined leaves it. Needs the program's lock. Errors:
   * `stripe_not_configured`, and those of the terms and the coupon, naming fields of `customerDiscount`.
   */
  async set(program: ReferralProgram, dto: CustomerDiscountDto | null | undefined, tx: EntityManager): Promise<void> {
    if (dto === undefined) return;
    const { workspaceId, id: programId } = program;
    const current = await this.currentOf(program, tx);
    if (dto === null && current?.stripeCouponId == null) return;
    const version = (current?.version ?? 0) + 1;
    const said = { workspaceId, programId, version, setAt: this.clock.now(), madeAt: null };
    const wanted = dto === null ? { stripeCouponId: null, terms: null } : await this.meant(program, dto, version, tx);
    if (current !== null && (await this.isSame(current, wanted, tx))) return;
    await tx.getRepository(ProgramDiscount).insert({ ...said, ...wanted });
  }

  /** The coupon of the codes that are made now. */
  async couponOf(program: Pick<ReferralProgram, 'workspaceId' | 'id'>, manager: EntityManager): Promise<string | null> {
    return (await this.currentOf(program, manager))?.stripeCouponId ?? null;
  }

  /** By program; those without a discount are left out. */
  async viewsOf(
    workspaceId: string,
    programIds: readonly string[],
    manager: EntityManager,
  ): Promise<Map<string, CustomerDiscountView>> {
    const latest = await manager
      .getRepository(ProgramDiscount)
      .createQueryBuilder('d')
      .distinctOn(['d.program_id'])
      .where('d.workspace_id = :workspaceId AND d.program_id = ANY(:programIds)', { workspaceId, programIds })
      .orderBy('d.program_id')
      .addOrderBy('d.version', 'DESC')
      .getMany();
    const ids = latest.flatMap(({ stripeCouponId }) => stripeCouponId ?? []);
    const coupons = await this.coupons.of(workspaceId, ids, manager);
    const views = new Map<string, CustomerDiscountView>();
    for (const { programId, stripeCouponId: couponId, setAt } of latest) {
      if (couponId === null) continue;
      const terms = coupons.get(couponId)?.terms ?? NOTHING;
      views.set(programId, { couponId, ...terms, since: setAt.toISOString() });
    }
    return views;
  }

  private async meant(
    program: ReferralProgram,
    dto: CustomerDiscountDto,
    version: number,
    tx: EntityManager,
  ): Promise<Pick<ProgramDiscount, 'stripeCouponId' | 'terms'>> {
    const { workspaceId, id } = program;
    if (!this.stripe.isConfigured(workspaceId)) {
      const says = `${FIELD} stands at Stripe as a coupon with promotion codes, and no key is configured: set STRIPE_SECRET_KEY and start again, or leave it out`;
      throw new DomainError('unavailable', 'stripe_not_configured', says, { field: FIELD });
    }
    const terms = termsMeant(dto, program);
    if (terms !== null) return { stripeCouponId: couponIdOf(id, version, terms), terms };
    const { couponId: stripeCouponId = '' } = dto;
    await this.coupons.assertFits(workspaceId, stripeCouponId, program, `${FIELD}.couponId`, tx);
    return { stripeCouponId, terms };
  }

  /** Said again, terms whose coupon is gone from Stripe are meant as new ones. */
  private async isSame(
    { workspaceId, stripeCouponId, terms }: ProgramDiscount,
    wanted: Pick<ProgramDiscount, 'stripeCouponId' | 'terms'>,
    tx: EntityManager,
  ): Promise<boolean> {
    if (terms === null || wanted.terms === null) return wanted.stripeCouponId === stripeCouponId;
    if (stripeCouponId === null || !isDeepStrictEqual(terms, wanted.terms)) return false;
    const coupon = (await this.coupons.of(workspaceId, [stripeCouponId], tx)).get(stripeCouponId);
    return coupon?.redeemable === true;
  }

  private currentOf(
    { workspaceId, id: programId }: Pick<ReferralProgram, 'workspaceId' | 'id'>,
    manager: EntityManager,
  ): Promise<ProgramDiscount | null> {
    const order = { version: 'DESC' } as const;
    return manager.getRepository(ProgramDiscount).findOne({ where: { workspaceId, programId }, order });
  }
}

const NOTHING: Record<keyof DiscountTerms, null> = {
  ...{ percentOff: null, amountOffMinor: null, currency: null, duration: null, months: null },
};
