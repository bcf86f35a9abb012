import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { WorkspaceId } from '../../access/current-caller.js';
import { Idempotent } from '../../access/idempotency.js';
import { Requires } from '../../access/policy.js';
import { IdParam } from '../../common/id-param.dto.js';
import { PageQuery } from '../../common/page-query.dto.js';
import { CreatePartnerTokenDto, PartnerTokenParam, PartnerTokenView } from './partner-token.dto.js';
import { PartnerTokens } from './partner-tokens.service.js';
import { ApiPage } from '../../common/api-page.js';

@ApiTags('Partner portal')
@Requires('portal:write')
@Controller('v1/partners')
export class PartnerTokensHttpController {
  constructor(private readonly tokens: PartnerTokens) {}

  @Post(':id/tokens')
  @Idempotent({ mode: 'unkept' })
  create(@WorkspaceId() workspaceId: string, @Param() { id }: IdParam, @Body() dto: CreatePartnerTokenDto = {}) {
    return this.tokens.create(workspaceId, id, dto);
  }

  @Get(':id/tokens')
  @ApiPage(PartnerTokenView)
  list(@WorkspaceId() workspaceId: string, @Param() { id }: IdParam, @Query() query: PageQuery) {
    return this.tokens.list(workspaceId, id, query);
  }

  @Post(':id/tokens/:tokenId/revoke')
  @HttpCode(200)
  @Idempotent({ mode: 'unkept' })
  revoke(@WorkspaceId() workspaceId: string, @Param() { id, tokenId }: PartnerTokenParam) {
    return this.tokens.revoke(workspaceId, id, tokenId);
  }
}
