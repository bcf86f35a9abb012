import { Body, Controller, Get, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { EntityManager } from 'typeorm';
import { WorkspaceId } from '../access/current-caller.js';
import { Idempotent, Tx } from '../access/idempotency.js';
import { Requires } from '../access/policy.js';
import { PageQuery } from '../common/page-query.dto.js';
import { CreateProgramDto, ProgramKeyParam, UpdateProgramDto, ProgramView } from './dto/program.dto.js';
import { ProgramsService } from './programs.service.js';
import { ApiPage } from '../common/api-page.js';

@ApiTags('Programs')
@Requires('referrals:read')
@Controller('v1/programs')
export class ProgramsHttpController {
  constructor(private readonly programs: ProgramsService) {}

  @Post()
  @Requires('referrals:write')
  create(@WorkspaceId() workspaceId: string, @Body() dto: CreateProgramDto, @Tx() tx: EntityManager) {
    return this.programs.create(workspaceId, dto, tx);
  }

  @Get()
  @ApiPage(ProgramView)
  list(@WorkspaceId() workspaceId: string, @Query() query: PageQuery) {
    return this.programs.list(workspaceId, query);
  }

  @Get(':key')
  get(@WorkspaceId() workspaceId: string, @Param() { key }: ProgramKeyParam) {
    return this.programs.get(workspaceId, key);
  }

  @Patch(':key')
  @Idempotent()
  @Requires('referrals:write')
  update(
    @WorkspaceId() workspaceId: string,
    @Param() { key }: ProgramKeyParam,
    @Body() dto: UpdateProgramDto,
    @Tx() tx: EntityManager,
  ) {
    return this.programs.update(workspaceId, key, dto, tx);
  }
}
