import { Injectable } from '@nestjs/common';
import type { Counter } from 'prom-client';
import { Metrics } from '../common/metrics.js';
import type { EventSource } from './event-poll.entity.js';

/** What comparing Stripe's events with the inbox brought. */
@Injectable()
export class EventsPollerMetrics {
  private readonly recoveries: Counter<'source'>;
  private readonly looks: Counter<'source' | 'outcome'>;

  constructor(metrics: Metrics) {
    this.recoveries = metrics.counter({
      name: 'tributary_events_recovered_total',
      help: 'Events that no delivery had brought and that were found in Stripe’s list',
      labelNames: ['source'],
    });
    this.looks = metrics.counter({
      name: 'tributary_event_polls_total',
      help: 'Looks at Stripe’s list of events',
      labelNames: ['source', 'outcome'],
    });
  }

  recovered(source: EventSource, count: number): void {
    this.recoveries.inc({ source }, count);
  }

  looked(source: EventSource, outcome: 'complete' | 'failed'): void {
    this.looks.inc({ source, outcome });
  }
}
