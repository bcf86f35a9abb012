import { Injectable } from '@nestjs/common';
import type { Counter, Gauge, Histogram } from 'prom-client';
import { Metrics } from '../common/metrics.js';
import type { StripeEndpoint } from './endpoint.js';
import type { RateRefusal } from './rate-refusal.js';
import type { RequestPriority } from './slot-schedule.js';

/** From a slot that is free at once to a backfill that waits its turn. */
const WAIT_SECONDS = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60];

export type RequestOutcome = 'ok' | 'refused' | 'rate_limited' | 'failed' | 'no_answer';

/** What is asked of Stripe, as figures. */
@Injectable()
export class StripeMetrics {
  private readonly requests: Counter<'endpoint' | 'outcome' | 'priority'>;
  private readonly waits: Histogram<'priority'>;
  private readonly allowed: Gauge;
  private readonly refusals: Counter<'reason'>;

  constructor(metrics: Metrics) {
    this.requests = metrics.counter({
      name: 'tributary_stripe_requests_total',
      help: 'Requests sent to Stripe, each attempt for itself',
      labelNames: ['endpoint', 'outcome', 'priority'],
    });
    this.waits = metrics.histogram({
      name: 'tributary_stripe_limiter_wait_seconds',
      help: 'How long requests to Stripe waited for their turn',
      labelNames: ['priority'],
      buckets: WAIT_SECONDS,
    });
    this.allowed = metrics.gauge({
      name: 'tributary_stripe_allowed_requests_per_second',
      help: 'What all replicas together may send to Stripe now, after its refusals',
    });
    this.refusals = metrics.counter({
      name: 'tributary_stripe_rate_limited_total',
      help: '429 answers of Stripe, by their reason',
      labelNames: ['reason'],
    });
  }

  sent({ family }: StripeEndpoint, outcome: RequestOutcome, priority: RequestPriority): void {
    this.requests.inc({ endpoint: family, outcome, priority });
  }

  waited(priority: RequestPriority, ms: number): void {
    this.waits.observe({ priority }, ms / 1_000);
  }

  allows(perSecond: number): void {
    this.allowed.set(perSecond);
  }

  rateLimited(reason: RateRefusal): void {
    this.refusals.inc({ reason });
  }
}
