import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { EntityManager } from 'typeorm';
import type { Caller } from '../../access/caller.js';
import { CurrentCaller, WorkspaceId } from '../../access/current-caller.js';
import { Tx } from '../../access/idempotency.js';
import { Requires } from '../../access/policy.js';
import { IdParam } from '../../common/id-param.dto.js';
import { DecideCommissionDto, ListReviewsQuery, ReviewView } from './review.dto.js';
import { ReviewsService } from './reviews.service.js';
import { ApiPage } from '../../common/api-page.js';

@ApiTags('Reviews')
@Requires('referrals:read')
@Controller('v1')
export class ReviewsHttpController {
  constructor(private readonly reviews: ReviewsService) {}

  @Get('reviews')
  @ApiPage(ReviewView)
  list(@WorkspaceId() workspaceId: string, @Query() query: ListReviewsQuery) {
    return this.reviews.list(workspaceId, query);
  }

  @Post('commissions/:id/release')
  @HttpCode(200)
  @Requires('referrals:write')
  release(
    @CurrentCaller() caller: Caller,
    @Param() { id }: IdParam,
    @Body() { reason }: DecideCommissionDto,
    @Tx() tx: EntityManager,
  ) {
    return this.reviews.decide(caller, id, 'released', reason, tx);
  }

  @Post('commissions/:id/reject')
  @HttpCode(200)
  @Requires('referrals:write')
  reject(
    @CurrentCaller() caller: Caller,
    @Param() { id }: IdParam,
    @Body() { reason }: DecideCommissionDto,
    @Tx() tx: EntityManager,
  ) {
    return this.reviews.decide(caller, id, 'rejected', reason, tx);
  }
}
