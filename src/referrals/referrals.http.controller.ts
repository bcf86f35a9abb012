import { Body, Controller, Get, Param, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { EntityManager } from 'typeorm';
import { WorkspaceId } from '../access/current-caller.js';
import { Idempotent, Tx } from '../access/idempotency.js';
import { Requires } from '../access/policy.js';
import { IdParam } from '../common/id-param.dto.js';
import { ClicksService } from './clicks/clicks.service.js';
import { CommissionsService } from './commissions.service.js';
import { CreateClickDto } from './clicks/click.dto.js';
import { ListCommissionsQuery, CommissionView } from './dto/commission.dto.js';
import { ListReferralsQuery, TrackReferralDto, ReferralView } from './dto/referral.dto.js';
import { CreateSaleDto } from './dto/sale.dto.js';
import { ReferralsService } from './referrals.service.js';
import { SalesService } from './sales.service.js';
import { SignUpsService } from './sign-ups.service.js';
import { ApiPage } from '../common/api-page.js';

@ApiTags('Referrals')
@Requires('referrals:read')
@Controller('v1')
export class ReferralsHttpController {
  constructor(
    private readonly clicks: ClicksService,
    private readonly signUps: SignUpsService,
    private readonly referrals: ReferralsService,
    private readonly sales: SalesService,
    private readonly commissions: CommissionsService,
  ) {}

  @Post('clicks')
  @Requires('referrals:write')
  recordClick(@WorkspaceId() workspaceId: string, @Body() dto: CreateClickDto, @Tx() tx: EntityManager) {
    return this.clicks.record(workspaceId, dto, tx);
  }

  @Post('referrals')
  @Requires('referrals:write')
  trackReferral(@WorkspaceId() workspaceId: string, @Body() dto: TrackReferralDto, @Tx() tx: EntityManager) {
    return this.signUps.track(workspaceId, dto, tx);
  }

  @Get('referrals')
  @ApiPage(ReferralView)
  listReferrals(@WorkspaceId() workspaceId: string, @Query() query: ListReferralsQuery) {
    return this.referrals.list(workspaceId, query);
  }

  @Post('sales')
  @Idempotent({ required: true })
  @Requires('referrals:write')
  recordSale(@WorkspaceId() workspaceId: string, @Body() dto: CreateSaleDto, @Tx() tx: EntityManager) {
    return this.sales.record(workspaceId, dto, tx);
  }

  @Get('commissions')
  @ApiPage(CommissionView)
  listCommissions(@WorkspaceId() workspaceId: string, @Query() query: ListCommissionsQuery) {
    return this.commissions.list(workspaceId, query);
  }

  @Get('commissions/:id')
  getCommission(@WorkspaceId() workspaceId: string, @Param() { id }: IdParam) {
    return this.commissions.get(workspaceId, id);
  }

  @Get('commissions/:id/explanation')
  explainCommission(@WorkspaceId() workspaceId: string, @Param() { id }: IdParam) {
    return this.commissions.explain(workspaceId, id);
  }
}
