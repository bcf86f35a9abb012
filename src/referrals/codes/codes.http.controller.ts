import { Body, Controller, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { EntityManager } from 'typeorm';
import type { Caller } from '../../access/caller.js';
import { CurrentCaller, WorkspaceId } from '../../access/current-caller.js';
import { Idempotent, Tx } from '../../access/idempotency.js';
import { Requires } from '../../access/policy.js';
import { CodesService } from './codes.service.js';
import { CodeParam, CreateCodeDto, PartnerProgramQuery, UpdateCodeDto, CodeView } from './code.dto.js';
import { ApiPage } from '../../common/api-page.js';

@ApiTags('Codes')
@Requires('referrals:read')
@Controller('v1/codes')
export class CodesHttpController {
  constructor(private readonly codes: CodesService) {}

  @Post()
  @Requires('referrals:write')
  create(@WorkspaceId() workspaceId: string, @Body() dto: CreateCodeDto, @Tx() tx: EntityManager) {
    return this.codes.create(workspaceId, dto, tx);
  }

  @Get()
  @ApiPage(CodeView)
  list(@WorkspaceId() workspaceId: string, @Query() query: PartnerProgramQuery) {
    return this.codes.list(workspaceId, query);
  }

  @Get(':code')
  get(@WorkspaceId() workspaceId: string, @Param() { code }: CodeParam) {
    return this.codes.get(workspaceId, code);
  }

  @Patch(':code')
  @Idempotent()
  @Requires('referrals:write')
  update(
    @WorkspaceId() workspaceId: string,
    @Param() { code }: CodeParam,
    @Body() dto: UpdateCodeDto,
    @Tx() tx: EntityManager,
  ) {
    return this.codes.update(workspaceId, code, dto, tx);
  }

  @Post(':code/validate')
  @HttpCode(200)
  validate(@CurrentCaller() caller: Caller, @Param() { code }: CodeParam, @Tx() tx: EntityManager) {
    return this.codes.validate(caller, code, tx);
  }
}
