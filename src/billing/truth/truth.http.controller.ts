import { Body, Controller, Get, Param, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { EntityManager } from 'typeorm';
import { WorkspaceId } from '../../access/current-caller.js';
import { Tx } from '../../access/idempotency.js';
import { Requires } from '../../access/policy.js';
import { IdParam } from '../../common/id-param.dto.js';
import { PageQuery } from '../../common/page-query.dto.js';
import { ApiVersionsService } from './api-versions.service.js';
import { FreshnessQuery } from './dto/freshness.dto.js';
import { CreateVerificationDto, VerificationSummary } from './dto/verification.dto.js';
import { FreshnessService } from './freshness.service.js';
import { PermissionsService } from './permissions.service.js';
import { VerificationsService } from './verifications.service.js';
import { ApiPage } from '../../common/api-page.js';

@ApiTags('Billing')
@Requires('billing:read')
@Controller('v1/billing')
export class TruthHttpController {
  constructor(
    private readonly freshness: FreshnessService,
    private readonly verifications: VerificationsService,
    private readonly versions: ApiVersionsService,
    private readonly permissions: PermissionsService,
  ) {}

  @Get('freshness')
  getFreshness(@WorkspaceId() workspaceId: string, @Query() query: FreshnessQuery) {
    return this.freshness.of(workspaceId, query);
  }

  @Post('verifications')
  @Requires('billing:write')
  createVerification(@WorkspaceId() workspaceId: string, @Body() dto: CreateVerificationDto, @Tx() tx: EntityManager) {
    return this.verifications.create(workspaceId, dto, tx);
  }

  @Get('verifications')
  @ApiPage(VerificationSummary)
  listVerifications(@WorkspaceId() workspaceId: string, @Query() query: PageQuery) {
    return this.verifications.list(workspaceId, query);
  }

  @Get('verifications/:id')
  getVerification(@WorkspaceId() workspaceId: string, @Param() { id }: IdParam) {
    return this.verifications.get(workspaceId, id);
  }

  @Get('api-versions')
  getApiVersions(@WorkspaceId() workspaceId: string) {
    return this.versions.report(workspaceId);
  }

  @Get('permissions')
  getPermissions(@WorkspaceId() workspaceId: string) {
    return this.permissions.probe(workspaceId);
  }
}
