import { Module } from '@nestjs/common';

import { MetricsModule } from '../common/metrics.js';
import { OpsController } from './ops.http.controller.js';
import { ProcessMetricsService } from './process-metrics.service.js';
import { ReadinessService } from './readiness.service.js';

/** Liveness, readiness and metrics. Needs the module that exports the `BacklogReporter` among its imports, or global. */
@Module({
  imports: [MetricsModule],
  providers: [ReadinessService, ProcessMetricsService],
  controllers: [OpsController],
})
export class OpsModule {}
