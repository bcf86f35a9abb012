import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { EntityManager } from 'typeorm';
import type { Caller } from '../access/caller.js';
import { CurrentCaller, WorkspaceId } from '../access/current-caller.js';
import { Idempotent, Tx } from '../access/idempotency.js';
import { Requires } from '../access/policy.js';
import { IdParam } from '../common/id-param.dto.js';
import {
  ApprovePayoutRunDto,
  CreatePayoutRunDto,
  ListPayoutRunsQuery,
  PayoutRunSummary,
} from './dto/payout-run.dto.js';
import { ListPayoutsQuery, MarkPayoutPaidDto, PayoutView } from './dto/payout.dto.js';
import { PayoutRunsService } from './payout-runs.service.js';
import { PayoutsReader } from './payouts-reader.service.js';
import { PayoutsService } from './payouts.service.js';
import { ApiPage } from '../common/api-page.js';

@ApiTags('Payouts')
@Controller('v1')
export class PayoutsHttpController {
  constructor(
    private readonly runs: PayoutRunsService,
    private readonly payouts: PayoutsService,
    private readonly reader: PayoutsReader,
  ) {}

  @Post('payout-runs')
  @Requires('payouts:write')
  @Idempotent({ required: true })
  createRun(@CurrentCaller() caller: Caller, @Body() dto: CreatePayoutRunDto, @Tx() tx: EntityManager) {
    return this.runs.create(caller, dto, tx);
  }

  @Get('payout-runs')
  @Requires('payouts:read')
  @ApiPage(PayoutRunSummary)
  listRuns(@WorkspaceId() workspaceId: string, @Query() query: ListPayoutRunsQuery) {
    return this.reader.listRuns(workspaceId, query);
  }

  @Get('payout-runs/:id')
  @Requires('payouts:read')
  getRun(@WorkspaceId() workspaceId: string, @Param() { id }: IdParam) {
    return this.reader.getRun(workspaceId, id);
  }

  @Post('payout-runs/:id/approve')
  @HttpCode(200)
  @Requires('payouts:approve')
  @Idempotent({ required: true })
  approveRun(
    @CurrentCaller() caller: Caller,
    @Param() { id }: IdParam,
    @Body() { revision }: ApprovePayoutRunDto,
    @Tx() tx: EntityManager,
  ) {
    return this.runs.approve(caller, id, revision, tx);
  }

  @Post('payout-runs/:id/cancel')
  @HttpCode(200)
  @Requires('payouts:write')
  cancelRun(@WorkspaceId() workspaceId: string, @Param() { id }: IdParam, @Tx() tx: EntityManager) {
    return this.runs.cancel(workspaceId, id, tx);
  }

  @Get('payouts')
  @Requires('payouts:read')
  @ApiPage(PayoutView)
  list(@WorkspaceId() workspaceId: string, @Query() query: ListPayoutsQuery) {
    return this.reader.list(workspaceId, query);
  }

  @Get('payouts/:id')
  @Requires('payouts:read')
  get(@WorkspaceId() workspaceId: string, @Param() { id }: IdParam) {
    return this.reader.get(workspaceId, id);
  }

  @Post('payouts/:id/mark-paid')
  @HttpCode(200)
  @Requires('payouts:write')
  @Idempotent({ required: true })
  markPaid(
    @WorkspaceId() workspaceId: string,
    @Param() { id }: IdParam,
    @Body() { reference }: MarkPayoutPaidDto,
    @Tx() tx: EntityManager,
  ) {
    return this.payouts.markPaid(workspaceId, id, reference, tx);
  }

  @Post('payouts/:id/retry')
  @HttpCode(202)
  @Requires('payouts:approve')
  retry(@WorkspaceId() workspaceId: string, @Param() { id }: IdParam, @Tx() tx: EntityManager) {
    return this.payouts.retry(workspaceId, id, tx);
  }
}
