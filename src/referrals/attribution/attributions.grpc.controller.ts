import { Controller } from '@nestjs/common';
import { GrpcMethod, Payload } from '@nestjs/microservices';
import type { EntityManager } from 'typeorm';
import type { Caller } from '../../access/caller.js';
import { CurrentCaller, WorkspaceId } from '../../access/current-caller.js';
import { Idempotent, Tx } from '../../access/idempotency.js';
import { Requires } from '../../access/policy.js';
import { AttributionsQuery, BindCustomerDto } from './attribution.dto.js';
import { AttributionsService } from './attributions.service.js';

@Controller()
@Requires('referrals:read')
export class AttributionsGrpcController {
  constructor(private readonly attributions: AttributionsService) {}

  @GrpcMethod('Referrals', 'BindCustomer')
  @Idempotent()
  @Requires('referrals:write')
  bind(@CurrentCaller() caller: Caller, @Payload() dto: BindCustomerDto, @Tx() tx: EntityManager) {
    return this.attributions.bind(caller, dto, tx);
  }

  @GrpcMethod('Referrals', 'ListAttributions')
  list(@WorkspaceId() workspaceId: string, @Payload() { customerId }: AttributionsQuery) {
    return this.attributions.list(workspaceId, customerId);
  }
}
