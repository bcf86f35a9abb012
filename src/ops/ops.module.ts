import { Module } from '@nestjs/common';

import { MetricsModule } from '../common/metrics.js';
import { WebhooksModule } from '../webhooks/webhooks.module.js';
import { OpsController } from './ops.http.controller.js';
import { ProcessMetricsService } from './process-metrics.service.js';
import { ReadinessService } from './readiness.service.js';

/** Liveness, readiness and metrics; the backlog is reported by the room that owns the inbox. */
@Module({
  imports: [MetricsModule, WebhooksModule],
  providers: [ReadinessService, ProcessMetricsService],
  controllers: [OpsController],
})
export class OpsModule {}
