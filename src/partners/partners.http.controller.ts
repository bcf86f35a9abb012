import { Body, Controller, Get, Param, Patch, Post, Put, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { EntityManager } from 'typeorm';
import { WorkspaceId } from '../access/current-caller.js';
import { Idempotent, Tx } from '../access/idempotency.js';
import { Requires } from '../access/policy.js';
import { IdParam } from '../common/id-param.dto.js';
import {
  CreatePartnerDto,
  ListPartnersQuery,
  StatementQuery,
  UpdatePartnerDto,
  PartnerView,
} from './dto/partner.dto.js';
import { PutPayoutMethodDto } from './dto/payout-method.dto.js';
import { PartnersService } from './partners.service.js';
import { PayoutMethodsService } from './payout-methods.service.js';
import { ApiPage } from '../common/api-page.js';

@ApiTags('Partners')
@Requires('referrals:read')
@Controller('v1/partners')
export class PartnersHttpController {
  constructor(
    private readonly partners: PartnersService,
    private readonly payoutMethods: PayoutMethodsService,
  ) {}

  @Post()
  @Requires('referrals:write')
  create(@WorkspaceId() workspaceId: string, @Body() dto: CreatePartnerDto, @Tx() tx: EntityManager) {
    return this.partners.create(workspaceId, dto, tx);
  }

  @Get()
  @ApiPage(PartnerView)
  list(@WorkspaceId() workspaceId: string, @Query() query: ListPartnersQuery) {
    return this.partners.list(workspaceId, query);
  }

  @Get(':id')
  get(@WorkspaceId() workspaceId: string, @Param() { id }: IdParam) {
    return this.partners.get(workspaceId, id);
  }

  @Patch(':id')
  @Idempotent()
  @Requires('referrals:write')
  update(
    @WorkspaceId() workspaceId: string,
    @Param() { id }: IdParam,
    @Body() dto: UpdatePartnerDto,
    @Tx() tx: EntityManager,
  ) {
    return this.partners.update(workspaceId, id, dto, tx);
  }

  @Get(':id/balance')
  balance(@WorkspaceId() workspaceId: string, @Param() { id }: IdParam) {
    return this.partners.balance(workspaceId, id);
  }

  @Get(':id/statement')
  statement(@WorkspaceId() workspaceId: string, @Param() { id }: IdParam, @Query() query: StatementQuery) {
    return this.partners.statement(workspaceId, id, query);
  }

  @Get(':id/payout-method')
  payoutMethod(@WorkspaceId() workspaceId: string, @Param() { id }: IdParam) {
    return this.payoutMethods.get(workspaceId, id);
  }

  @Put(':id/payout-method')
  @Idempotent()
  @Requires('referrals:write')
  putPayoutMethod(
    @WorkspaceId() workspaceId: string,
    @Param() { id }: IdParam,
    @Body() dto: PutPayoutMethodDto,
    @Tx() tx: EntityManager,
  ) {
    return this.payoutMethods.put(workspaceId, id, dto, tx);
  }
}
