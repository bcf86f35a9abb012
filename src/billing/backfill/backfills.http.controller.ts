import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { EntityManager } from 'typeorm';
import { WorkspaceId } from '../../access/current-caller.js';
import { Tx } from '../../access/idempotency.js';
import { Requires } from '../../access/policy.js';
import { IdParam } from '../../common/id-param.dto.js';
import { BackfillsReader } from './backfills-reader.service.js';
import { BackfillsService } from './backfills.service.js';
import { CreateBackfillDto, ListBackfillsQuery, BackfillSummary } from './dto/backfill.dto.js';
import { ApiPage } from '../../common/api-page.js';

@ApiTags('Billing')
@Controller('v1/billing/backfills')
export class BackfillsHttpController {
  constructor(
    private readonly backfills: BackfillsService,
    private readonly reader: BackfillsReader,
  ) {}

  @Post()
  @HttpCode(202)
  @Requires('billing:write')
  create(@WorkspaceId() workspaceId: string, @Body() dto: CreateBackfillDto, @Tx() tx: EntityManager) {
    return this.backfills.create(workspaceId, dto, tx);
  }

  @Get()
  @Requires('billing:read')
  @ApiPage(BackfillSummary)
  list(@WorkspaceId() workspaceId: string, @Query() query: ListBackfillsQuery) {
    return this.reader.list(workspaceId, query);
  }

  @Get(':id')
  @Requires('billing:read')
  get(@WorkspaceId() workspaceId: string, @Param() { id }: IdParam) {
    return this.reader.get(workspaceId, id);
  }

  @Post(':id/cancel')
  @HttpCode(200)
  @Requires('billing:write')
  cancel(@WorkspaceId() workspaceId: string, @Param() { id }: IdParam, @Tx() tx: EntityManager) {
    return this.backfills.cancel(workspaceId, id, tx);
  }
}
