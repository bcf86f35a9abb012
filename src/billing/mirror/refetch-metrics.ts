import { Injectable } from '@nestjs/common';
import type { Counter } from 'prom-client';
import { Metrics } from '../../common/metrics.js';
import type { RefetchReason } from './refetch.entity.js';

export type RefetchOutcome = 'answered' | 'too_early' | 'failed';

/** How often payloads alone could not decide, and what asking Stripe brought. */
@Injectable()
export class RefetchMetrics {
  private readonly requests: Counter<'reason'>;
  private readonly answers: Counter<'reason' | 'outcome'>;

  constructor(metrics: Metrics) {
    this.requests = metrics.counter({
      name: 'tributary_refetches_requested_total',
      help: 'Objects that Stripe has to be asked for, by what the payloads left open',
      labelNames: ['reason'],
    });
    this.answers = metrics.counter({
      name: 'tributary_refetches_total',
      help: 'Questions that were put to Stripe, by reason and what came of them',
      labelNames: ['reason', 'outcome'],
    });
  }

  requested(reason: RefetchReason): void {
    this.requests.inc({ reason });
  }

  asked(reason: RefetchReason, outcome: RefetchOutcome): void {
    this.answers.inc({ reason, outcome });
  }
}
