import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { EntityManager } from 'typeorm';
import type { Caller } from '../../access/caller.js';
import { CurrentCaller, WorkspaceId } from '../../access/current-caller.js';
import { Tx } from '../../access/idempotency.js';
import { Requires } from '../../access/policy.js';
import { IdParam } from '../../common/id-param.dto.js';
import { ClosePayoutRequestDto, ListPayoutRequestsQuery, PayoutRequestView } from './payout-request.dto.js';
import { PayoutRequests } from './payout-requests.service.js';
import { ApiPage } from '../../common/api-page.js';

@ApiTags('Payouts')
@Controller('v1/payout-requests')
export class PayoutRequestsHttpController {
  constructor(private readonly requests: PayoutRequests) {}

  @Get()
  @Requires('payouts:read')
  @ApiPage(PayoutRequestView)
  list(@WorkspaceId() workspaceId: string, @Query() query: ListPayoutRequestsQuery) {
    return this.requests.list(workspaceId, query);
  }

  @Post(':id/close')
  @HttpCode(200)
  @Requires('payouts:write')
  close(
    @CurrentCaller() caller: Caller,
    @Param() { id }: IdParam,
    @Body() dto: ClosePayoutRequestDto = {},
    @Tx() tx: EntityManager,
  ) {
    return this.requests.close(caller, id, dto, tx);
  }
}
