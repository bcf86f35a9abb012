import { Controller } from '@nestjs/common';
import { GrpcMethod, Payload } from '@nestjs/microservices';
import type { EntityManager } from 'typeorm';
import { WorkspaceId } from '../../access/current-caller.js';
import { Idempotent, Tx } from '../../access/idempotency.js';
import { Requires } from '../../access/policy.js';
import { ProgramsService } from '../programs.service.js';
import { PartnerStandings } from './partner-standings.service.js';
import { SetPartnerStandingRequest, SetProgramStateRequest } from './standing.dto.js';

@Controller()
@Requires('referrals:write')
export class StandingGrpcController {
  constructor(
    private readonly programs: ProgramsService,
    private readonly partners: PartnerStandings,
  ) {}

  @GrpcMethod('Referrals', 'SetProgramState')
  @Idempotent()
  setProgramState(@WorkspaceId() workspaceId: string, @Payload() dto: SetProgramStateRequest, @Tx() tx: EntityManager) {
    return this.programs.setState(workspaceId, dto.key, dto, tx);
  }

  @GrpcMethod('Referrals', 'DeactivatePartner')
  @Idempotent()
  deactivate(@WorkspaceId() workspaceId: string, @Payload() dto: SetPartnerStandingRequest, @Tx() tx: EntityManager) {
    return this.partners.deactivate(workspaceId, dto.id, dto, tx);
  }

  @GrpcMethod('Referrals', 'ReactivatePartner')
  @Idempotent()
  reactivate(@WorkspaceId() workspaceId: string, @Payload() dto: SetPartnerStandingRequest, @Tx() tx: EntityManager) {
    return this.partners.reactivate(workspaceId, dto.id, dto, tx);
  }
}
