import { Controller } from '@nestjs/common';
import { GrpcMethod, Payload } from '@nestjs/microservices';
import type { EntityManager } from 'typeorm';
import { WorkspaceId } from '../../access/current-caller.js';
import { Idempotent, Tx } from '../../access/idempotency.js';
import { Requires } from '../../access/policy.js';
import { CreateExchangeRateDto, ListExchangeRatesQuery } from './exchange-rate.dto.js';
import { ExchangeRatesService } from './exchange-rates.service.js';

@Controller()
@Requires('referrals:read')
export class ExchangeRatesGrpcController {
  constructor(private readonly rates: ExchangeRatesService) {}

  @GrpcMethod('Referrals', 'RecordExchangeRate')
  @Idempotent()
  @Requires('referrals:write')
  record(@WorkspaceId() workspaceId: string, @Payload() dto: CreateExchangeRateDto, @Tx() tx: EntityManager) {
    return this.rates.record(workspaceId, dto, tx);
  }

  @GrpcMethod('Referrals', 'ListExchangeRates')
  list(@WorkspaceId() workspaceId: string, @Payload() query: ListExchangeRatesQuery) {
    return this.rates.list(workspaceId, query);
  }
}
