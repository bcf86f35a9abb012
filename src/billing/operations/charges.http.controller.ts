import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { WorkspaceId } from '../../access/current-caller.js';
import { Idempotent } from '../../access/idempotency.js';
import { Requires } from '../../access/policy.js';
import { IdParam } from '../../common/id-param.dto.js';
import { CaptureChargeDto, RefundChargeDto } from './charges.dto.js';
import { ChargesService } from './charges.service.js';
import { OfAccount } from './subscriptions.dto.js';
import { Writing, type WriteCall } from './write-call.js';

@ApiTags('Charges')
@Controller('v1/billing/charges/:id')
export class ChargesHttpController {
  constructor(private readonly charges: ChargesService) {}

  @Get('summary')
  @Requires('billing:read')
  summary(@WorkspaceId() workspaceId: string, @Param() { id }: IdParam, @Query() query: OfAccount) {
    return this.charges.summary(workspaceId, id, query);
  }

  @Post('refund')
  @HttpCode(200)
  @Requires('billing:write')
  @Idempotent({ required: true, mode: 'around' })
  refund(@Writing() call: WriteCall, @Param() { id }: IdParam, @Body() request: RefundChargeDto) {
    return this.charges.refund(call, id, request);
  }

  @Post('capture')
  @HttpCode(200)
  @Requires('billing:write')
  @Idempotent({ required: true, mode: 'around' })
  capture(@Writing() call: WriteCall, @Param() { id }: IdParam, @Body() request: CaptureChargeDto) {
    return this.charges.capture(call, id, request);
  }
}
