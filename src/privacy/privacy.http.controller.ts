import { Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import type { Caller } from '../access/caller.js';
import { CurrentCaller, WorkspaceId } from '../access/current-caller.js';
import { Idempotent } from '../access/idempotency.js';
import { Requires } from '../access/policy.js';
import { IdParam } from '../common/id-param.dto.js';
import { PersonEraser } from './person-eraser.service.js';
import { PersonExport } from './person-export.service.js';
import { PrivacyLog } from './privacy-log.service.js';
import { ListPrivacyRequestsQuery, PrivacyRequestView } from './privacy.dto.js';
import { ApiPage } from '../common/api-page.js';

@ApiTags('Privacy')
@Controller('v1')
export class PrivacyHttpController {
  constructor(
    private readonly exports: PersonExport,
    private readonly eraser: PersonEraser,
    private readonly log: PrivacyLog,
  ) {}

  @Get('customers/:id/export')
  @Requires('privacy:read')
  @ApiOkResponse({ description: 'Everything that is held of the person, as one JSON object.' })
  export(@CurrentCaller() caller: Caller, @Param() { id }: IdParam) {
    return this.exports.of(caller, id);
  }

  @Post('customers/:id/erase')
  @HttpCode(200)
  @Requires('privacy:write')
  @Idempotent({ mode: 'around' })
  erase(@CurrentCaller() caller: Caller, @Param() { id }: IdParam) {
    return this.eraser.erase(caller, id);
  }

  @Get('privacy-requests')
  @Requires('privacy:read')
  @ApiPage(PrivacyRequestView)
  list(@WorkspaceId() workspaceId: string, @Query() query: ListPrivacyRequestsQuery) {
    return this.log.list(workspaceId, query);
  }
}
