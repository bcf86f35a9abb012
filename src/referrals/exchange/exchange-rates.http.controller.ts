import { Body, Controller, Get, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { EntityManager } from 'typeorm';
import { WorkspaceId } from '../../access/current-caller.js';
import { Tx } from '../../access/idempotency.js';
import { Requires } from '../../access/policy.js';
import { CreateExchangeRateDto, ListExchangeRatesQuery, ExchangeRateView } from './exchange-rate.dto.js';
import { ExchangeRatesService } from './exchange-rates.service.js';
import { ApiPage } from '../../common/api-page.js';

@ApiTags('Exchange rates')
@Requires('referrals:read')
@Controller('v1/exchange-rates')
export class ExchangeRatesHttpController {
  constructor(private readonly rates: ExchangeRatesService) {}

  @Post()
  @Requires('referrals:write')
  record(@WorkspaceId() workspaceId: string, @Body() dto: CreateExchangeRateDto, @Tx() tx: EntityManager) {
    return this.rates.record(workspaceId, dto, tx);
  }

  @Get()
  @ApiPage(ExchangeRateView)
  list(@WorkspaceId() workspaceId: string, @Query() query: ListExchangeRatesQuery) {
    return this.rates.list(workspaceId, query);
  }
}
