import { Body, Controller, Delete, Get, Param, Put, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { EntityManager } from 'typeorm';
import { WorkspaceId } from '../../access/current-caller.js';
import { Idempotent, Tx } from '../../access/idempotency.js';
import { Requires } from '../../access/policy.js';
import { PageQuery } from '../../common/page-query.dto.js';
import { ProgramKeyParam } from '../dto/program.dto.js';
import { TermsOverrides } from './terms-overrides.service.js';
import { EndTermsQuery, PutTermsDto, SCOPE_OF, TermsParam, ScopeTermsView } from './terms.dto.js';
import { ApiPage } from '../../common/api-page.js';

@ApiTags('Programs')
@Requires('referrals:read')
@Controller('v1/programs/:key/terms')
export class TermsHttpController {
  constructor(private readonly terms: TermsOverrides) {}

  @Get()
  @ApiPage(ScopeTermsView)
  list(@WorkspaceId() workspaceId: string, @Param() { key }: ProgramKeyParam, @Query() query: PageQuery) {
    return this.terms.list(workspaceId, key, query);
  }

  @Get(':scope/:id')
  get(@WorkspaceId() workspaceId: string, @Param() { scope, ...of }: TermsParam) {
    return this.terms.get(workspaceId, { ...of, scope: SCOPE_OF[scope] });
  }

  @Put(':scope/:id')
  @Idempotent()
  @Requires('referrals:write')
  put(
    @WorkspaceId() workspaceId: string,
    @Param() { scope, ...of }: TermsParam,
    @Body() dto: PutTermsDto,
    @Tx() tx: EntityManager,
  ) {
    return this.terms.put(workspaceId, { ...of, scope: SCOPE_OF[scope] }, dto, tx);
  }

  @Delete(':scope/:id')
  @Idempotent()
  @Requires('referrals:write')
  end(
    @WorkspaceId() workspaceId: string,
    @Param() { scope, ...of }: TermsParam,
    @Query() query: EndTermsQuery,
    @Tx() tx: EntityManager,
  ) {
    return this.terms.end(workspaceId, { ...of, scope: SCOPE_OF[scope] }, query, tx);
  }
}
