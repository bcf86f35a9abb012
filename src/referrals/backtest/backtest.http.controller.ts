import { Body, Controller, HttpCode, Param, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { WorkspaceId } from '../../access/current-caller.js';
import { Idempotent } from '../../access/idempotency.js';
import { Requires } from '../../access/policy.js';
import { ProgramKeyParam } from '../dto/program.dto.js';
import { BacktestDto, type BacktestView } from './backtest.dto.js';
import { BacktestService } from './backtest.service.js';

@ApiTags('Programs')
@Controller('v1/programs/:key/backtest')
@Requires('referrals:read')
export class BacktestHttpController {
  constructor(private readonly backtests: BacktestService) {}

  @Post()
  @HttpCode(200)
  @Idempotent({ mode: 'unkept' })
  run(
    @WorkspaceId() workspaceId: string,
    @Param() { key }: ProgramKeyParam,
    @Body() dto: BacktestDto,
  ): Promise<BacktestView> {
    return this.backtests.run(workspaceId, key, dto);
  }
}
