import { Body, Controller, Param, Put } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { EntityManager } from 'typeorm';
import type { Caller } from '../../access/caller.js';
import { CurrentCaller } from '../../access/current-caller.js';
import { Idempotent, Tx } from '../../access/idempotency.js';
import { Requires } from '../../access/policy.js';
import { IdParam } from '../../common/id-param.dto.js';
import { PutAllowancesDto } from './allowance.dto.js';
import { AllowancesService } from './allowances.service.js';

@ApiTags('Partners')
@Controller('v1/partners')
export class AllowancesHttpController {
  constructor(private readonly allowances: AllowancesService) {}

  @Put(':id/allowances')
  @Idempotent()
  @Requires('referrals:write')
  put(
    @CurrentCaller() caller: Caller,
    @Param() { id }: IdParam,
    @Body() dto: PutAllowancesDto,
    @Tx() tx: EntityManager,
  ) {
    return this.allowances.put(caller, id, dto, tx);
  }
}
