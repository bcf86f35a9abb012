import { Controller } from '@nestjs/common';
import { GrpcMethod, Payload } from '@nestjs/microservices';
import type { EntityManager } from 'typeorm';
import type { Caller } from '../../access/caller.js';
import { CurrentCaller, WorkspaceId } from '../../access/current-caller.js';
import { Idempotent, Tx } from '../../access/idempotency.js';
import { Requires } from '../../access/policy.js';
import { DecideCommissionRequest, ListReviewsQuery } from './review.dto.js';
import { ReviewsService } from './reviews.service.js';

@Controller()
@Requires('referrals:read')
export class ReviewsGrpcController {
  constructor(private readonly reviews: ReviewsService) {}

  @GrpcMethod('Referrals', 'ListReviews')
  list(@WorkspaceId() workspaceId: string, @Payload() query: ListReviewsQuery) {
    return this.reviews.list(workspaceId, query);
  }

  @GrpcMethod('Referrals', 'ReleaseCommission')
  @Idempotent()
  @Requires('referrals:write')
  release(
    @CurrentCaller() caller: Caller,
    @Payload() { id, reason }: DecideCommissionRequest,
    @Tx() tx: EntityManager,
  ) {
    return this.reviews.decide(caller, id, 'released', reason, tx);
  }

  @GrpcMethod('Referrals', 'RejectCommission')
  @Idempotent()
  @Requires('referrals:write')
  reject(@CurrentCaller() caller: Caller, @Payload() { id, reason }: DecideCommissionRequest, @Tx() tx: EntityManager) {
    return this.reviews.decide(caller, id, 'rejected', reason, tx);
  }
}
