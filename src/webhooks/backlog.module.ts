import { Global, Module } from '@nestjs/common';
import { BacklogReporter } from '../common/backlog.js';
import { QueueBacklogReporter } from './queue-backlog.js';

/** Lets readiness and metrics report the queues without importing the rooms that own them. */
@Global()
@Module({ providers: [{ provide: BacklogReporter, useClass: QueueBacklogReporter }], exports: [BacklogReporter] })
export class BacklogModule {}
