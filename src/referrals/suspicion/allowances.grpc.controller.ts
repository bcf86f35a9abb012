import { Controller } from '@nestjs/common';
import { GrpcMethod, Payload } from '@nestjs/microservices';
import type { EntityManager } from 'typeorm';
import type { Caller } from '../../access/caller.js';
import { CurrentCaller } from '../../access/current-caller.js';
import { Idempotent, Tx } from '../../access/idempotency.js';
import { Requires } from '../../access/policy.js';
import { PutAllowancesRequest } from './allowance.dto.js';
import { AllowancesService } from './allowances.service.js';

@Controller()
export class AllowancesGrpcController {
  constructor(private readonly allowances: AllowancesService) {}

  @GrpcMethod('Referrals', 'PutAllowances')
  @Idempotent()
  @Requires('referrals:write')
  put(@CurrentCaller() caller: Caller, @Payload() { id, ...dto }: PutAllowancesRequest, @Tx() tx: EntityManager) {
    return this.allowances.put(caller, id, dto, tx);
  }
}
