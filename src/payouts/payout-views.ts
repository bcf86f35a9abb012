import type { PayoutRunSummary, PayoutRunView } from './dto/payout-run.dto.js';
import type { PayoutAttemptView, PayoutView } from './dto/payout.dto.js';
import type { PayoutAttempt } from './payout-attempt.entity.js';
import type { PayoutRun } from './payout-run.entity.js';
import type { Payout } from './payout.entity.js';

export function payoutView(payout: Payout): PayoutView {
  return {
    id: payout.id,
    runId: payout.runId,
    partnerId: payout.partnerId,
    state: payout.state,
    method: payout.method,
    amountMinor: payout.amountMinor,
    currency: payout.currency,
    reference: payout.reference,
    failure: payout.failure,
    reversedMinor: payout.reversedMinor,
    createdAt: payout.createdAt.toISOString(),
    approvedAt: payout.approvedAt?.toISOString() ?? null,
    sentAt: payout.sentAt?.toISOString() ?? null,
  };
}

export function attemptView(attempt: PayoutAttempt): PayoutAttemptView {
  return {
    attempt: attempt.attempt,
    idempotencyKey: attempt.idempotencyKey,
    startedAt: attempt.startedAt.toISOString(),
    tries: attempt.tries,
    outcome: attempt.outcome,
    failure: attempt.failure,
    providerRequest: attempt.providerRequest,
  };
}

/** `totals`: of the payouts that did not leave the run. */
export function runSummary(run: PayoutRun, totals: { totalMinor: number; payoutCount: number }): PayoutRunSummary {
  return {
    id: run.id,
    state: run.state,
    currency: run.currency,
    cutoff: run.cutoff.toISOString(),
    revision: run.revision,
    ...totals,
    createdAt: run.createdAt.toISOString(),
    approvedAt: run.approvedAt?.toISOString() ?? null,
    canceledAt: run.canceledAt?.toISOString() ?? null,
  };
}

export function runView(run: PayoutRun, payouts: readonly Payout[]): PayoutRunView {
  const staying = payouts.filter(({ state }) => state !== 'canceled');
  const totals = {
    totalMinor: staying.reduce((sum, { amountMinor }) => sum + amountMinor, 0),
    payoutCount: staying.length,
  };
  return { ...runSummary(run, totals), payouts: payouts.map(payoutView), skipped: run.skipped };
}
