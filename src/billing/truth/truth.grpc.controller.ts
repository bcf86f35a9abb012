import { Controller } from '@nestjs/common';
import { GrpcMethod, Payload } from '@nestjs/microservices';
import type { EntityManager } from 'typeorm';
import { WorkspaceId } from '../../access/current-caller.js';
import { Idempotent, Tx } from '../../access/idempotency.js';
import { Requires } from '../../access/policy.js';
import { IdParam } from '../../common/id-param.dto.js';
import { PageQuery } from '../../common/page-query.dto.js';
import { ApiVersionsService } from './api-versions.service.js';
import { FreshnessQuery } from './dto/freshness.dto.js';
import { CreateVerificationDto } from './dto/verification.dto.js';
import { FreshnessService } from './freshness.service.js';
import { PermissionsService } from './permissions.service.js';
import { VerificationsService } from './verifications.service.js';

@Controller()
@Requires('billing:read')
export class TruthGrpcController {
  constructor(
    private readonly freshness: FreshnessService,
    private readonly verifications: VerificationsService,
    private readonly versions: ApiVersionsService,
    private readonly permissions: PermissionsService,
  ) {}

  @GrpcMethod('BillingTruth', 'GetFreshness')
  getFreshness(@WorkspaceId() workspaceId: string, @Payload() query: FreshnessQuery) {
    return this.freshness.of(workspaceId, query);
  }

  @GrpcMethod('BillingTruth', 'CreateVerification')
  @Requires('billing:write')
  @Idempotent()
  createVerification(
    @WorkspaceId() workspaceId: string,
    @Payload() dto: CreateVerificationDto,
    @Tx() tx: EntityManager,
  ) {
    return this.verifications.create(workspaceId, dto, tx);
  }

  @GrpcMethod('BillingTruth', 'GetVerification')
  getVerification(@WorkspaceId() workspaceId: string, @Payload() { id }: IdParam) {
    return this.verifications.get(workspaceId, id);
  }

  @GrpcMethod('BillingTruth', 'ListVerifications')
  listVerifications(@WorkspaceId() workspaceId: string, @Payload() query: PageQuery) {
    return this.verifications.list(workspaceId, query);
  }

  @GrpcMethod('BillingTruth', 'GetApiVersions')
  getApiVersions(@WorkspaceId() workspaceId: string) {
    return this.versions.report(workspaceId);
  }

  @GrpcMethod('BillingTruth', 'GetPermissions')
  getPermissions(@WorkspaceId() workspaceId: string) {
    return this.permissions.probe(workspaceId);
  }
}
