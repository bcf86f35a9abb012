import { Module } from '@nestjs/common';
import { AccessModule } from '../access/access.module.js';
import { StripeModule } from '../stripe/stripe.module.js';
import { BillingReader } from './billing-reader.service.js';
import { BillingService } from './billing.service.js';
import { BillingGrpcController } from './billing.grpc.controller.js';
import { BillingHttpController } from './billing.http.controller.js';
import { MirrorWriter } from './mirror/mirror-writer.js';
import { RefetchMetrics } from './mirror/refetch-metrics.js';
import { RefetchQuestions } from './mirror/refetch-questions.service.js';
import { RefetchQueue } from './mirror/refetch-queue.js';
import { RefetchWorker } from './mirror/refetch.worker.js';
import { SettleQueue } from './mirror/settle-queue.js';
import { StripeFetcher } from './mirror/stripe-fetcher.js';
import { ApiVersionsSeen } from './truth/api-versions-seen.service.js';
import { AnswerKeeper } from './operations/answer-keeper.service.js';
import { ObjectsResync } from './operations/objects-resync.service.js';
import { ObjectsService } from './operations/objects.service.js';
import { StripeWriter } from './operations/stripe-writer.service.js';

@Module({
  imports: [AccessModule, StripeModule],
  controllers: [BillingHttpController, BillingGrpcController],
  providers: [
    AnswerKeeper,
    ApiVersionsSeen,
    BillingReader,
    BillingService,
    MirrorWriter,
    ObjectsResync,
    ObjectsService,
    RefetchMetrics,
    RefetchQuestions,
    RefetchQueue,
    RefetchWorker,
    SettleQueue,
    StripeFetcher,
    StripeWriter,
  ],
  exports: [
    ApiVersionsSeen,
    BillingReader,
    BillingService,
    MirrorWriter,
    RefetchQueue,
    RefetchWorker,
    SettleQueue,
    StripeFetcher,
  ],
})
export class BillingModule {}
