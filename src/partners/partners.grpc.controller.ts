import { Controller } from '@nestjs/common';
import { GrpcMethod, Payload } from '@nestjs/microservices';
import type { EntityManager } from 'typeorm';
import { WorkspaceId } from '../access/current-caller.js';
import { Idempotent, Tx } from '../access/idempotency.js';
import { Requires } from '../access/policy.js';
import { IdParam } from '../common/id-param.dto.js';
import { CreatePartnerDto } from './dto/partner.dto.js';
import { PartnersService } from './partners.service.js';

@Controller()
@Requires('referrals:read')
export class PartnersGrpcController {
  constructor(private readonly partners: PartnersService) {}

  @GrpcMethod('Referrals', 'CreatePartner')
  @Idempotent()
  @Requires('referrals:write')
  createPartner(@WorkspaceId() workspaceId: string, @Payload() dto: CreatePartnerDto, @Tx() tx: EntityManager) {
    return this.partners.create(workspaceId, dto, tx);
  }

  @GrpcMethod('Referrals', 'GetPartner')
  getPartner(@WorkspaceId() workspaceId: string, @Payload() { id }: IdParam) {
    return this.partners.get(workspaceId, id);
  }

  @GrpcMethod('Referrals', 'GetPartnerBalance')
  getPartnerBalance(@WorkspaceId() workspaceId: string, @Payload() { id }: IdParam) {
    return this.partners.balance(workspaceId, id);
  }
}
