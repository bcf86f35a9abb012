import { Controller } from '@nestjs/common';
import { GrpcMethod, Payload } from '@nestjs/microservices';
import { WorkspaceId } from '../../access/current-caller.js';
import { Requires } from '../../access/policy.js';
import { BacktestRequest, type BacktestView } from './backtest.dto.js';
import { BacktestService } from './backtest.service.js';

@Controller()
@Requires('referrals:read')
export class BacktestGrpcController {
  constructor(private readonly backtests: BacktestService) {}

  @GrpcMethod('Backtests', 'RunBacktest')
  run(@WorkspaceId() workspaceId: string, @Payload() dto: BacktestRequest): Promise<BacktestView> {
    return this.backtests.run(workspaceId, dto.key, dto);
  }
}
