import { Controller } from '@nestjs/common';
import { GrpcMethod, Payload } from '@nestjs/microservices';
import type { EntityManager } from 'typeorm';
import { CurrentPartner, type PartnerCaller } from '../../access/current-caller.js';
import { Idempotent, Tx } from '../../access/idempotency.js';
import { ForPartners } from '../../access/policy.js';
import { IdParam } from '../../common/id-param.dto.js';
import { PageQuery } from '../../common/page-query.dto.js';
import { RequestPayoutDto } from '../../payouts/requests/payout-request.dto.js';
import { MonthParam, OwnClicksQuery, OwnCommissionsQuery, OwnProgramQuery } from './me.dto.js';
import { OwnActivity } from './own-activity.service.js';
import { OwnCommissions } from './own-commissions.service.js';
import { OwnMoney } from './own-money.service.js';
import { OwnProfile } from './own-profile.service.js';

@Controller()
@ForPartners()
export class MeGrpcController {
  constructor(
    private readonly own: OwnProfile,
    private readonly activity: OwnActivity,
    private readonly earned: OwnCommissions,
    private readonly money: OwnMoney,
  ) {}

  @GrpcMethod('Me', 'GetMyProfile')
  getMyProfile(@CurrentPartner() partner: PartnerCaller) {
    return this.own.profile(partner);
  }

  @GrpcMethod('Me', 'ListMyCodes')
  listMyCodes(@CurrentPartner() partner: PartnerCaller, @Payload() query: OwnProgramQuery) {
    return this.own.codes(partner, query);
  }

  @GrpcMethod('Me', 'CountMyClicks')
  countMyClicks(@CurrentPartner() partner: PartnerCaller, @Payload() query: OwnClicksQuery) {
    return this.activity.clicks(partner, query);
  }

  @GrpcMethod('Me', 'ListMyReferrals')
  listMyReferrals(@CurrentPartner() partner: PartnerCaller, @Payload() query: OwnProgramQuery) {
    return this.activity.referrals(partner, query);
  }

  @GrpcMethod('Me', 'ListMyCustomers')
  listMyCustomers(@CurrentPartner() partner: PartnerCaller, @Payload() query: OwnProgramQuery) {
    return this.activity.customers(partner, query);
  }

  @GrpcMethod('Me', 'ListMyCommissions')
  listMyCommissions(@CurrentPartner() partner: PartnerCaller, @Payload() query: OwnCommissionsQuery) {
    return this.earned.list(partner, query);
  }

  @GrpcMethod('Me', 'GetMyCommission')
  getMyCommission(@CurrentPartner() partner: PartnerCaller, @Payload() { id }: IdParam) {
    return this.earned.get(partner, id);
  }

  @GrpcMethod('Me', 'GetMyBalance')
  getMyBalance(@CurrentPartner() partner: PartnerCaller) {
    return this.money.balance(partner);
  }

  @GrpcMethod('Me', 'GetMyStatement')
  getMyStatement(@CurrentPartner() partner: PartnerCaller, @Payload() { month }: MonthParam) {
    return this.money.statement(partner, month);
  }

  @GrpcMethod('Me', 'ListMyPayouts')
  listMyPayouts(@CurrentPartner() partner: PartnerCaller, @Payload() query: PageQuery) {
    return this.money.payouts(partner, query);
  }

  @GrpcMethod('Me', 'RequestMyPayout')
  @Idempotent()
  requestMyPayout(
    @CurrentPartner() partner: PartnerCaller,
    @Payload() { currency }: RequestPayoutDto,
    @Tx() tx: EntityManager,
  ) {
    return this.money.requestPayout(partner, currency, tx);
  }

  @GrpcMethod('Me', 'ListMyPayoutRequests')
  listMyPayoutRequests(@CurrentPartner() partner: PartnerCaller, @Payload() query: PageQuery) {
    return this.money.payoutRequests(partner, query);
  }
}
