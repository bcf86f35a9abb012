import type { PayableEntry } from '../ledger/reservations.service.js';
import type { PayoutMethod } from '../partners/payout-method.entity.js';
import { groupBy } from '../common/group-by.js';
import { transferStep } from './transfer-step.js';

export type SkipReason = 'below_minimum' | 'negative_balance' | 'no_payout_method' | 'account_not_ready';

/** A partner who is owed something and gets no payout in this run; what is owed is carried. */
export interface SkippedPartner {
  partnerId: string;
  amountMinor: number;
  reason: SkipReason;
}

/** Where a partner is paid, and whether as far as we know the money can arrive there. */
export interface Payee {
  method: PayoutMethod['type'];
  destination: string | null;
  isReady: boolean;
}

export interface PlannedPayout {
  partnerId: string;
  method: PayoutMethod['type'];
  lines: PayableEntry[];
  /** What the provider cannot transfer; it is carried to the next payout as a line of its own. */
  restMinor: number;
  /** The sum of the lines less the rest. */
  amountMinor: number;
  /** The largest minimum among the programs of the lines, at least 1. */
  minimumMinor: number;
}

export interface RunPlan {
  payouts: PlannedPayout[];
  skipped: SkippedPartner[];
}

/** Who is paid how much. `minimums` by program id, `payees` by partner id. Pure. */
export function planRun(
  currency: string,
  entries: readonly PayableEntry[],
  minimums: ReadonlyMap<string, number>,
  payees: ReadonlyMap<string, Payee>,
): RunPlan {
  const plan: RunPlan = { payouts: [], skipped: [] };
  for (const [partnerId, lines] of groupBy(entries, (entry) => entry.partnerId)) {
    const payee = payees.get(partnerId);
    const { sumMinor, restMinor, amountMinor, minimumMinor, reasons } = forecastOf(currency, lines, minimums, payee);
    const [reason] = reasons;
    if (reason !== undefined || payee === undefined) {
      plan.skipped.push({ partnerId, amountMinor: sumMinor, reason: reason ?? 'no_payout_method' });
    } else {
      plan.payouts.push({ partnerId, method: payee.method, lines, restMinor, amountMinor, minimumMinor });
    }
  }
  return plan;
}

/** What one partner would be paid, and whether. */
export interface PayoutForecast {
  sumMinor: number;
  restMinor: number;
  amountMinor: number;
  minimumMinor: number;
  /** Why it would not be paid, the weightiest first; empty when it would. */
  reasons: SkipReason[];
}

/** `lines` are of one partner; `payee` is undefined where they have no payout method. Pure. */
export function forecastOf(
  currency: string,
  lines: readonly PayableEntry[],
  minimums: ReadonlyMap<string, number>,
  payee: Payee | undefined,
): PayoutForecast {
  const sumMinor = lines.reduce((sum, line) => sum + line.amountMinor, 0);
  const restMinor = restOf(sumMinor, transferStep(currency, payee?.method ?? 'manual'));
  const amountMinor = sumMinor - restMinor;
  const minimumMinor = minimumOf(lines, minimums);
  return {
    ...{ sumMinor, restMinor, amountMinor, minimumMinor },
    reasons: reasonsToSkip(sumMinor, amountMinor, minimumMinor, payee),
  };
}

/** What of a positive sum a provider that counts in steps leaves over. */
export function restOf(sumMinor: number, step: number): number {
  return sumMinor > 0 ? sumMinor % step : 0;
}

export interface DraftAmounts {
  amountMinor: number;
  minimumMinor: number;
}

/** What becomes of a draft payout when further lines join it. `drops`: it would not be paid any more, and leaves the run. */
export function withJoined(
  draft: DraftAmounts,
  joinedMinor: number,
  step: number,
): { amountMinor: number; restMinor: number; drops: boolean } {
  const sumMinor = draft.amountMinor + joinedMinor;
  const restMinor = restOf(sumMinor, step);
  const amountMinor = sumMinor - restMinor;
  return { amountMinor, restMinor, drops: amountMinor < draft.minimumMinor };
}

function reasonsToSkip(
  sumMinor: number,
  amountMinor: number,
  minimumMinor: number,
  payee: Payee | undefined,
): SkipReason[] {
  const reasons: SkipReason[] = [];
  if (sumMinor < 0) reasons.push('negative_balance');
  else if (amountMinor < minimumMinor) reasons.push('below_minimum');
  if (payee === undefined) reasons.push('no_payout_method');
  else if (!payee.isReady) reasons.push('account_not_ready');
  return reasons;
}

function minimumOf(lines: readonly PayableEntry[], minimums: ReadonlyMap<string, number>): number {
  const known = lines.map(({ programId }) => (programId === null ? undefined : minimums.get(programId)) ?? 0);
  return known.reduce((largest, minimum) => Math.max(largest, minimum), 1);
}
