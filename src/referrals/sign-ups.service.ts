import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Clock } from '../common/clock.js';
import { invalidField, notFound } from '../common/errors.js';
import { newId } from '../common/ids.js';
import { decideAttribution } from './attribution-rules.js';
import { CodesService } from './codes/codes.service.js';
import { CustomersService } from './customers.service.js';
import type { TrackedReferralView, TrackReferralDto } from './dto/referral.dto.js';
import { ProgramTerms } from './program-terms.service.js';
import { ReferralCode } from './referral-code.entity.js';
import { ReferralProgram } from './referral-program.entity.js';
import { ReferralTracking } from './referral-tracking.entity.js';
import { CLICK_PREFIX, referralView } from './referral-views.js';
import type { ReferredCustomer } from './referred-customer.entity.js';

/** Notes who came by which code. Whether that binds the person is decided by settling, from all evidence. */
@Injectable()
export class SignUpsService {
  constructor(
    private readonly customers: CustomersService,
    private readonly codes: CodesService,
    private readonly terms: ProgramTerms,
    private readonly clock: Clock,
  ) {}

  /**
   * A sign-up by click or by code. The same person by the same one again is the same sign-up. Errors: `click_not_found`,
   * `code_not_found`, `code_inactive`, `code_expired`, `code_exhausted`, `stripe_customer_linked`.
   */
  async track(workspaceId: string, dto: TrackReferralDto, tx: EntityManager): Promise<TrackedReferralView> {
    const { clickId, code } = onlyOneOf(dto);
    const customer = await this.customers.ensure(workspaceId, dto.customer, tx);
    const tracking =
      clickId === null
        ? await this.byCode(customer, (await this.codes.require(workspaceId, code, tx)).code, this.clock.now(), tx)
        : await this.byClick(customer, clickId, tx);
    return this.view(tracking, customer, tx);
  }

  /**
   * The person's tracking with this code, made as a sign-up at `at` when there is none. Needs the person's lock. Errors:
   * `code_inactive`, `code_expired`, `code_exhausted`.
   */
  async byCode(customer: ReferredCustomer, code: ReferralCode, at: Date, tx: EntityManager): Promise<ReferralTracking> {
    const own = await trackingsWith(customer, code.id, tx);
    const signedUp = own.find(({ signedUpAt }) => signedUpAt !== null);
    if (signedUp !== undefined) return signedUp;
    this.codes.assertOpen(code, at);
    const [first] = own;
    if (first !== undefined) return this.signUp(first, customer, at, tx);
    await this.codes.use(code, tx);
    return this.insert({ ...blank(customer, code), signedUpAt: at }, tx);
  }

  private async byClick(customer: ReferredCustomer, clickId: string, tx: EntityManager): Promise<ReferralTracking> {
    const { workspaceId } = customer;
    const click = await lockedClick(workspaceId, clickId, tx);
    const code = await tx.getRepository(ReferralCode).findOneByOrFail({ workspaceId, id: click.codeId });
    const own = await trackingsWith(customer, code.id, tx);
    const again = own.find(({ id, clickId: from }) => id === clickId || from === clickId);
    if (again !== undefined && again.signedUpAt !== null) return again;
    const now = this.clock.now();
    this.codes.assertOpen(code, now);
    if (own.length === 0) await this.codes.use(code, tx);
    if (click.customerId === null || click.customerId === customer.id) return this.signUp(click, customer, now, tx);
    return this.insert({ ...click, clickId, customerId: customer.id, signedUpAt: now, convertedAt: null }, tx);
  }

  private async signUp(
    tracking: ReferralTracking,
    customer: ReferredCustomer,
    signedUpAt: Date,
    tx: EntityManager,
  ): Promise<ReferralTracking> {
    const { workspaceId, id } = tracking;
    const changes = { customerId: customer.id, signedUpAt };
    await tx.getRepository(ReferralTracking).update({ workspaceId, id }, changes);
    return { ...tracking, ...changes };
  }

  private async insert(
    tracking: Omit<ReferralTracking, 'id' | 'createdAt'>,
    tx: EntityManager,
  ): Promise<ReferralTracking> {
    const made = { ...tracking, id: newId('referral'), createdAt: this.clock.now() };
    await tx.getRepository(ReferralTracking).insert(made);
    return made;
  }

  private async view(
    tracking: ReferralTracking,
    customer: ReferredCustomer,
    tx: EntityManager,
  ): Promise<TrackedReferralView> {
    const { workspaceId, programId, codeId } = tracking;
    const { key: programKey } = await tx.getRepository(ReferralProgram).findOneByOrFail({ workspaceId, id: programId });
    const { code } = await tx.getRepository(ReferralCode).findOneByOrFail({ workspaceId, id: codeId });
    const view = referralView({ tracking, code, programKey, customer });
    return { ...view, withinWindow: await this.isWithinWindow(tracking, tx) };
  }

  /** By the very rule that settling binds by, as if this sign-up were the only evidence. */
  private async isWithinWindow(tracking: ReferralTracking, tx: EntityManager): Promise<boolean> {
    const { workspaceId, id, programId, partnerId, codeId, clickedAt, createdAt } = tracking;
    const boundAt = tracking.signedUpAt ?? createdAt;
    const terms = await this.terms.termsAt(workspaceId, programId, boundAt, tx);
    const touchedAt = clickedAt ?? boundAt;
    const evidence = { kind: 'link' as const, programId, partnerId, codeId, source: id, touchedAt, boundAt };
    return decideAttribution([evidence], terms, null).winner !== null;
  }
}

function onlyOneOf({
  clickId,
  code,
}: TrackReferralDto): { clickId: string; code: null } | { clickId: null; code: string } {
  if (clickId != null && code != null) {
    throw invalidField('code', 'field_not_allowed', 'give either clickId or code, not both');
  }
  if (clickId != null) return { clickId, code: null };
  if (code != null) return { clickId: null, code };
  throw invalidField('clickId', 'missing_field', 'clickId is missing: give clickId, or code where there was no click');
}

/** Locked, so that two persons who sign up by one click are told apart: the second gets a row of their own. */
async function lockedClick(workspaceId: string, clickId: string, tx: EntityManager): Promise<ReferralTracking> {
  const isClick = clickId.startsWith(`${CLICK_PREFIX}_`);
  const lock = { mode: 'pessimistic_write' } as const;
  const click = isClick
    ? await tx.getRepository(ReferralTracking).findOne({ where: { workspaceId, id: clickId }, lock })
    : null;
  if (click === null) throw notFound('click', clickId, 'clickId');
  return click;
}

/** Earliest first. */
function trackingsWith(
  { workspaceId, id: customerId }: ReferredCustomer,
  codeId: string,
  tx: EntityManager,
): Promise<ReferralTracking[]> {
  const order = { createdAt: 'ASC', id: 'ASC' } as const;
  return tx.getRepository(ReferralTracking).find({ where: { workspaceId, customerId, codeId }, order });
}

function blank(
  { workspaceId, id: customerId }: ReferredCustomer,
  { id: codeId, programId, partnerId }: ReferralCode,
): Omit<ReferralTracking, 'id' | 'createdAt' | 'signedUpAt'> {
  const noClick = { clickId: null, clickedAt: null, url: null, referrer: null, utm: null, visitor: null };
  const unknown = { ...noClick, consent: null, ipHash: null, agentHash: null, convertedAt: null };
  return { workspaceId, programId, partnerId, codeId, customerId, ...unknown };
}
