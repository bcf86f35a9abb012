import { Body, Controller, Get, Param, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { EntityManager } from 'typeorm';
import { CurrentPartner, type PartnerCaller } from '../../access/current-caller.js';
import { Tx } from '../../access/idempotency.js';
import { ForPartners } from '../../access/policy.js';
import { IdParam } from '../../common/id-param.dto.js';
import { PageQuery } from '../../common/page-query.dto.js';
import { RequestPayoutDto, PayoutRequestView } from '../../payouts/requests/payout-request.dto.js';
import {
  MonthParam,
  OwnClicksQuery,
  OwnCommissionsQuery,
  OwnProgramQuery,
  OwnCodeView,
  OwnReferralView,
  OwnCustomerView,
  OwnCommissionView,
  OwnPayoutView,
} from './me.dto.js';
import { OwnActivity } from './own-activity.service.js';
import { OwnCommissions } from './own-commissions.service.js';
import { OwnMoney } from './own-money.service.js';
import { OwnProfile } from './own-profile.service.js';
import { ApiPage } from '../../common/api-page.js';

/** What a partner reads with their token. No request says whose things are meant: the token does. */
@ApiTags('Partner portal')
@ForPartners()
@Controller('v1/me')
export class MeHttpController {
  constructor(
    private readonly own: OwnProfile,
    private readonly activity: OwnActivity,
    private readonly earned: OwnCommissions,
    private readonly money: OwnMoney,
  ) {}

  @Get()
  profile(@CurrentPartner() partner: PartnerCaller) {
    return this.own.profile(partner);
  }

  @Get('codes')
  @ApiPage(OwnCodeView)
  codes(@CurrentPartner() partner: PartnerCaller, @Query() query: OwnProgramQuery) {
    return this.own.codes(partner, query);
  }

  @Get('clicks')
  clicks(@CurrentPartner() partner: PartnerCaller, @Query() query: OwnClicksQuery) {
    return this.activity.clicks(partner, query);
  }

  @Get('referrals')
  @ApiPage(OwnReferralView)
  referrals(@CurrentPartner() partner: PartnerCaller, @Query() query: OwnProgramQuery) {
    return this.activity.referrals(partner, query);
  }

  @Get('customers')
  @ApiPage(OwnCustomerView)
  customers(@CurrentPartner() partner: PartnerCaller, @Query() query: OwnProgramQuery) {
    return this.activity.customers(partner, query);
  }

  @Get('commissions')
  @ApiPage(OwnCommissionView)
  commissions(@CurrentPartner() partner: PartnerCaller, @Query() query: OwnCommissionsQuery) {
    return this.earned.list(partner, query);
  }

  @Get('commissions/:id')
  commission(@CurrentPartner() partner: PartnerCaller, @Param() { id }: IdParam) {
    return this.earned.get(partner, id);
  }

  @Get('balance')
  balance(@CurrentPartner() partner: PartnerCaller) {
    return this.money.balance(partner);
  }

  @Get('statements/:month')
  statement(@CurrentPartner() partner: PartnerCaller, @Param() { month }: MonthParam) {
    return this.money.statement(partner, month);
  }

  @Get('payouts')
  @ApiPage(OwnPayoutView)
  payouts(@CurrentPartner() partner: PartnerCaller, @Query() query: PageQuery) {
    return this.money.payouts(partner, query);
  }

  @Post('payout-requests')
  requestPayout(
    @CurrentPartner() partner: PartnerCaller,
    @Body() { currency }: RequestPayoutDto,
    @Tx() tx: EntityManager,
  ) {
    return this.money.requestPayout(partner, currency, tx);
  }

  @Get('payout-requests')
  @ApiPage(PayoutRequestView)
  payoutRequests(@CurrentPartner() partner: PartnerCaller, @Query() query: PageQuery) {
    return this.money.payoutRequests(partner, query);
  }
}
