import { Injectable, type OnModuleInit, Optional } from '@nestjs/common';
import { collectDefaultMetrics, type Gauge } from 'prom-client';

import { BacklogReporter } from '../common/backlog.js';
import { Metrics } from '../common/metrics.js';

/** What is measured of the process as a whole: Node's own figures, and the backlog at the moment of asking. */
@Injectable()
export class ProcessMetricsService implements OnModuleInit {
  private readonly waiting: Gauge<'queue'>;
  private readonly oldest: Gauge<'queue'>;

  constructor(
    private readonly metrics: Metrics,
    @Optional() private readonly backlogReporter?: BacklogReporter,
  ) {
    const labelNames = ['queue'] as const;
    this.waiting = metrics.gauge({ name: 'tributary_backlog_waiting', help: 'Items that wait, per queue', labelNames });
    this.oldest = metrics.gauge({
      name: 'tributary_backlog_oldest_seconds',
      help: 'Age of the oldest item that waits, per queue',
      labelNames,
    });
  }

  onModuleInit(): void {
    collectDefaultMetrics({ register: this.metrics.registry });
  }

  get contentType(): string {
    return this.metrics.registry.contentType;
  }

  async read(): Promise<string> {
    // A database that is away must not take the other figures along.
    await this.measureBacklog().catch(() => undefined);
    return await this.metrics.registry.metrics();
  }

  private async measureBacklog(): Promise<void> {
    const backlog = (await this.backlogReporter?.backlog()) ?? [];
    for (const { queue, waiting, oldestSeconds } of backlog) {
      this.waiting.set({ queue }, waiting);
      this.oldest.set({ queue }, oldestSeconds ?? 0);
    }
  }
}
