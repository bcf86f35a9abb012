import { Body, Controller, Get, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { EntityManager } from 'typeorm';
import type { Caller } from '../../access/caller.js';
import { CurrentCaller, WorkspaceId } from '../../access/current-caller.js';
import { Tx } from '../../access/idempotency.js';
import { Requires } from '../../access/policy.js';
import { AttributionsQuery, BindCustomerDto } from './attribution.dto.js';
import { AttributionsService } from './attributions.service.js';

@ApiTags('Attributions')
@Requires('referrals:read')
@Controller('v1/attributions')
export class AttributionsHttpController {
  constructor(private readonly attributions: AttributionsService) {}

  @Post()
  @Requires('referrals:write')
  bind(@CurrentCaller() caller: Caller, @Body() dto: BindCustomerDto, @Tx() tx: EntityManager) {
    return this.attributions.bind(caller, dto, tx);
  }

  @Get()
  list(@WorkspaceId() workspaceId: string, @Query() { customerId }: AttributionsQuery) {
    return this.attributions.list(workspaceId, customerId);
  }
}
