import { Module } from '@nestjs/common';
import { AccessModule } from '../../access/access.module.js';
import { StripeModule } from '../../stripe/stripe.module.js';
import { BillingModule } from '../billing.module.js';
import { BulkWriter } from '../mirror/bulk-writer.js';
import { AccountComparisons } from './account-comparisons.service.js';
import { ApiVersionsService } from './api-versions.service.js';
import { Comparison } from './comparison.service.js';
import { FreshnessService } from './freshness.service.js';
import { ListFollowWorker } from './list-follow.worker.js';
import { ListFollower } from './list-follower.service.js';
import { ListFollowsRepository } from './list-follows.repository.js';
import { PermissionsProbe } from './permissions-probe.worker.js';
import { PermissionsService } from './permissions.service.js';
import { Repairs } from './repairs.service.js';
import { StripeLists } from './stripe-lists.service.js';
import { SweepWorker } from './sweep.worker.js';
import { TruthGrpcController } from './truth.grpc.controller.js';
import { TruthHttpController } from './truth.http.controller.js';
import { Unlisted } from './unlisted.service.js';
import { VerificationsService } from './verifications.service.js';
import { VerificationsWorker } from './verifications.worker.js';

@Module({
  imports: [AccessModule, BillingModule, StripeModule],
  controllers: [TruthHttpController, TruthGrpcController],
  providers: [
    AccountComparisons,
    ApiVersionsService,
    BulkWriter,
    Comparison,
    FreshnessService,
    ListFollowWorker,
    ListFollower,
    ListFollowsRepository,
    PermissionsProbe,
    PermissionsService,
    Repairs,
    StripeLists,
    SweepWorker,
    Unlisted,
    VerificationsService,
    VerificationsWorker,
  ],
  exports: [AccountComparisons],
})
export class TruthModule {}
