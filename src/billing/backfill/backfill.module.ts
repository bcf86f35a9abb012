import { Module } from '@nestjs/common';
import { AccessModule } from '../../access/access.module.js';
import { StripeModule } from '../../stripe/stripe.module.js';
import { BillingModule } from '../billing.module.js';
import { BulkWriter } from '../mirror/bulk-writer.js';
import { AccountsPlanner } from './accounts-planner.js';
import { BackfillCounts } from './backfill-counts.js';
import { BackfillTasks } from './backfill-tasks.js';
import { BackfillWorker } from './backfill.worker.js';
import { BackfillsGrpcController } from './backfills.grpc.controller.js';
import { BackfillsHttpController } from './backfills.http.controller.js';
import { BackfillsReader } from './backfills-reader.service.js';
import { Backfills } from './backfills.repository.js';
import { BackfillsService } from './backfills.service.js';
import { FanOutWalk } from './fan-out-walk.js';
import { ListWalk } from './list-walk.js';
import { MemberLists } from './member-lists.js';
import { PieceWriter } from './piece-writer.js';
import { TaskRunner } from './task-runner.js';

@Module({
  imports: [AccessModule, BillingModule, StripeModule],
  controllers: [BackfillsHttpController, BackfillsGrpcController],
  providers: [
    AccountsPlanner,
    BackfillCounts,
    BackfillTasks,
    BackfillWorker,
    Backfills,
    BackfillsReader,
    BackfillsService,
    BulkWriter,
    FanOutWalk,
    ListWalk,
    MemberLists,
    PieceWriter,
    TaskRunner,
  ],
  exports: [BackfillWorker, BackfillsReader, BackfillsService],
})
export class BackfillModule {}
