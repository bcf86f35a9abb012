import { Controller, HttpCode, Post, Query, Req } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import type { Caller } from '../../access/caller.js';
import { CurrentCaller } from '../../access/current-caller.js';
import { Idempotent } from '../../access/idempotency.js';
import { Requires } from '../../access/policy.js';
import { ImportQuery, ImportView } from './import.dto.js';
import { ImportUploads } from './import-uploads.service.js';

@ApiTags('Imports')
@Requires('referrals:write')
@Controller('v1/imports')
export class ImportsHttpController {
  constructor(private readonly uploads: ImportUploads) {}

  @Post()
  @HttpCode(200)
  @Idempotent({ mode: 'unkept' })
  @ApiConsumes('text/csv')
  @ApiBody({ schema: { type: 'string', description: 'The file; its first line names the columns.' } })
  @ApiOkResponse({ type: ImportView })
  import(@CurrentCaller() caller: Caller, @Query() query: ImportQuery, @Req() request: FastifyRequest) {
    return this.uploads.import(caller, query, request.body);
  }
}
