import { Controller, Get, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { WorkspaceId } from '../access/current-caller.js';
import { Requires } from '../access/policy.js';
import { CohortsService } from './cohorts.service.js';
import { ConversionTimesService } from './conversion-times.service.js';
import { LeaderboardQuery, NumbersQuery, SliceQuery } from './dto/numbers.dto.js';
import { LeaderboardService } from './leaderboard.service.js';
import { NumbersService } from './numbers.service.js';

@ApiTags('Numbers')
@Requires('referrals:read')
@Controller('v1/numbers')
export class NumbersHttpController {
  constructor(
    private readonly figures: NumbersService,
    private readonly leaders: LeaderboardService,
    private readonly cohorts: CohortsService,
    private readonly times: ConversionTimesService,
  ) {}

  @Get()
  numbers(@WorkspaceId() workspaceId: string, @Query() query: NumbersQuery) {
    return this.figures.numbers(workspaceId, query);
  }

  @Get('leaderboard')
  leaderboard(@WorkspaceId() workspaceId: string, @Query() query: LeaderboardQuery) {
    return this.leaders.leaderboard(workspaceId, query);
  }

  @Get('cohorts')
  listCohorts(@WorkspaceId() workspaceId: string, @Query() query: SliceQuery) {
    return this.cohorts.cohorts(workspaceId, query);
  }

  @Get('conversion-times')
  conversionTimes(@WorkspaceId() workspaceId: string, @Query() query: SliceQuery) {
    return this.times.conversionTimes(workspaceId, query);
  }
}
