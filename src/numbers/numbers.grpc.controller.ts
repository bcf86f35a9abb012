import { Controller } from '@nestjs/common';
import { GrpcMethod, Payload } from '@nestjs/microservices';
import { WorkspaceId } from '../access/current-caller.js';
import { Requires } from '../access/policy.js';
import { CohortsService } from './cohorts.service.js';
import { ConversionTimesService } from './conversion-times.service.js';
import { LeaderboardQuery, NumbersQuery, SliceQuery } from './dto/numbers.dto.js';
import { LeaderboardService } from './leaderboard.service.js';
import { NumbersService } from './numbers.service.js';

@Controller()
@Requires('referrals:read')
export class NumbersGrpcController {
  constructor(
    private readonly figures: NumbersService,
    private readonly leaders: LeaderboardService,
    private readonly cohorts: CohortsService,
    private readonly times: ConversionTimesService,
  ) {}

  @GrpcMethod('Numbers', 'GetNumbers')
  getNumbers(@WorkspaceId() workspaceId: string, @Payload() query: NumbersQuery) {
    return this.figures.numbers(workspaceId, query);
  }

  @GrpcMethod('Numbers', 'GetLeaderboard')
  getLeaderboard(@WorkspaceId() workspaceId: string, @Payload() query: LeaderboardQuery) {
    return this.leaders.leaderboard(workspaceId, query);
  }

  @GrpcMethod('Numbers', 'GetCohorts')
  getCohorts(@WorkspaceId() workspaceId: string, @Payload() query: SliceQuery) {
    return this.cohorts.cohorts(workspaceId, query);
  }

  @GrpcMethod('Numbers', 'GetConversionTimes')
  getConversionTimes(@WorkspaceId() workspaceId: string, @Payload() query: SliceQuery) {
    return this.times.conversionTimes(workspaceId, query);
  }
}
