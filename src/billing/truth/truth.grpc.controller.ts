import { Controller } from '@nestjs/common';
import { GrpcMethod, Payload } from '@nestjs/microservices';
import type { EntityManager } from 'typeorm';
import { WorkspaceId } from '../../access/current-caller.js';
import { Idempotent, Tx } from '../../access/idempotency.js';
import { Requires } from '../../access/policy.js';
import { IdParam } from '../../common/id-param.dto.js';
import { FreshnessQuery } from './dto/freshness.dto.js';
import { CreateVerificationDto } from './dto/verification.dto.js';
import { FreshnessService } from './freshness.service.js';
import { VerificationsService } from './verifications.service.js';

@Controller()
@Requires('billing:read')
export class TruthGrpcController {
  constructor(
    private readonly freshness: FreshnessService,
    private readonly verifications: VerificationsService,
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
}
