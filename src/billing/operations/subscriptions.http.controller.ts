import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { WorkspaceId } from '../../access/current-caller.js';
import { Idempotent } from '../../access/idempotency.js';
import { Requires } from '../../access/policy.js';
import { IdParam } from '../../common/id-param.dto.js';
import { SubscriptionChanges } from './subscriptions-changes.service.js';
import {
  CancelNowDto,
  CancelSubscriptionDto,
  ChangeSubscriptionDto,
  ExtendSubscriptionDto,
  OfAccount,
  PauseSubscriptionDto,
  ResumeSubscriptionDto,
  SubscriptionMembersQuery,
  SubscriptionValidityQuery,
} from './subscriptions.dto.js';
import { SubscriptionsService } from './subscriptions.service.js';
import { Writing, type WriteCall } from './write-call.js';

@ApiTags('Subscriptions')
@Controller('v1/billing/subscriptions/:id')
export class SubscriptionsHttpController {
  constructor(
    private readonly subscriptions: SubscriptionsService,
    private readonly changes: SubscriptionChanges,
  ) {}

  @Get('validity')
  @Requires('billing:read')
  validity(@WorkspaceId() workspaceId: string, @Param() { id }: IdParam, @Query() query: SubscriptionValidityQuery) {
    return this.subscriptions.validity(workspaceId, id, query);
  }

  @Get('items')
  @Requires('billing:read')
  items(@WorkspaceId() workspaceId: string, @Param() { id }: IdParam, @Query() query: SubscriptionMembersQuery) {
    return this.subscriptions.items(workspaceId, id, query);
  }

  @Get('pending-update')
  @Requires('billing:read')
  pendingUpdate(@WorkspaceId() workspaceId: string, @Param() { id }: IdParam, @Query() query: OfAccount) {
    return this.subscriptions.pendingUpdate(workspaceId, id, query);
  }

  @Post('pending-update/cancel')
  @HttpCode(200)
  @Requires('billing:write')
  @Idempotent({ mode: 'around' })
  cancelPendingUpdate(@Writing() call: WriteCall, @Param() { id }: IdParam, @Body() request: OfAccount) {
    return this.changes.cancelPendingUpdate(call, id, request);
  }

  @Post('cancel')
  @HttpCode(200)
  @Requires('billing:write')
  @Idempotent({ mode: 'around' })
  cancel(@Writing() call: WriteCall, @Param() { id }: IdParam, @Body() request: CancelSubscriptionDto) {
    return this.changes.cancel(call, id, request);
  }

  @Post('cancel/preview')
  @HttpCode(200)
  @Requires('billing:read')
  @Idempotent({ mode: 'around' })
  previewCancel(@Writing() call: WriteCall, @Param() { id }: IdParam, @Body() request: CancelNowDto) {
    return this.changes.previewCancel(call, id, request);
  }

  @Post('reactivate')
  @HttpCode(200)
  @Requires('billing:write')
  @Idempotent({ mode: 'around' })
  reactivate(@Writing() call: WriteCall, @Param() { id }: IdParam, @Body() request: OfAccount) {
    return this.changes.reactivate(call, id, request);
  }

  @Post('extend')
  @HttpCode(200)
  @Requires('billing:write')
  @Idempotent({ mode: 'around' })
  extend(@Writing() call: WriteCall, @Param() { id }: IdParam, @Body() request: ExtendSubscriptionDto) {
    return this.changes.extend(call, id, request);
  }

  @Post('change')
  @HttpCode(200)
  @Requires('billing:write')
  @Idempotent({ mode: 'around' })
  change(@Writing() call: WriteCall, @Param() { id }: IdParam, @Body() request: ChangeSubscriptionDto) {
    return this.changes.change(call, id, request);
  }

  @Post('change/preview')
  @HttpCode(200)
  @Requires('billing:read')
  @Idempotent({ mode: 'around' })
  preview(@Writing() call: WriteCall, @Param() { id }: IdParam, @Body() request: ChangeSubscriptionDto) {
    return this.changes.preview(call, id, request);
  }

  @Post('pause')
  @HttpCode(200)
  @Requires('billing:write')
  @Idempotent({ mode: 'around' })
  pause(@Writing() call: WriteCall, @Param() { id }: IdParam, @Body() request: PauseSubscriptionDto) {
    return this.changes.pause(call, id, request);
  }

  @Post('resume')
  @HttpCode(200)
  @Requires('billing:write')
  @Idempotent({ mode: 'around' })
  resume(@Writing() call: WriteCall, @Param() { id }: IdParam, @Body() request: ResumeSubscriptionDto) {
    return this.changes.resume(call, id, request);
  }
}
