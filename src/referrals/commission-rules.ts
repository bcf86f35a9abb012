import { MS_PER_DAY } from '../common/clock.js';
import { BPS_WHOLE, divideHalfAwayFromZero, safeMinor } from '../common/money.js';
import type { Reward } from './referral-program-version.entity.js';

/** A line of a sale, in minor units of the sale's currency. */
export interface SaleLine {
  id: string;
  amountMinor: number;
  discountMinor: number;
  /** Tax that is contained in the amount. */
  inclusiveTaxMinor: number;
}

/** What a sale came to. */
export interface SaleFigures {
  currency: string;
  lines: SaleLine[];
  /** The whole, tax and shipping included. */
  totalMinor: number;
  /** What was collected. */
  cashMinor: number;
}

/** Every figure of a commission, so that a person can do the sum again; amounts in minor units. */
export interface CommissionExplanation {
  lines: Array<SaleLine & { netMinor: number }>;
  /** Sum of the lines' nets, not below 0. */
  netMinor: number;
  cashMinor: number;
  totalMinor: number;
  reward: Reward;
  /** The exact value before the one rounding, as a fraction. */
  exact: { numerator: string; denominator: string };
  rounding: 'half_away_from_zero' | 'none';
  amountMinor: number;
  /** The event that told of the sale; null when it was fetched, or is a sale from outside Stripe. */
  eventId: string | null;
  dueAt: string;
  programVersion: number;
}

export interface CommissionFigures {
  amountMinor: number;
  explanation: Omit<CommissionExplanation, 'eventId' | 'dueAt' | 'programVersion'>;
}

/**
 * What a sale earns (rules R1 and R2): the lines after their discounts and without tax, signed and netted, times the share
 * of the total that was paid in cash, times the reward; rounded once, at the end, halves away from zero. A flat reward needs
 * cash and a positive net, and is not reduced by either. Pure.
 */
export function commissionFor(sale: SaleFigures, reward: Reward): CommissionFigures {
  const lines = sale.lines.map((line) => ({
    ...line,
    netMinor: line.amountMinor - line.discountMinor - line.inclusiveTaxMinor,
  }));
  const netMinor = Math.max(
    0,
    lines.reduce((sum, line) => sum + line.netMinor, 0),
  );
  const cash = BigInt(Math.max(0, Math.min(sale.cashMinor, sale.totalMinor)));
  const total = BigInt(Math.max(0, sale.totalMinor));
  const earns = total > 0n && cash > 0n && netMinor > 0;
  const [numerator, denominator] = !earns
    ? [0n, 1n]
    : reward.type === 'one_time'
      ? [BigInt(reward.amountMinor), 1n]
      : [BigInt(netMinor) * cash * BigInt(reward.rateBps), total * BigInt(BPS_WHOLE)];
  const amountMinor = safeMinor(divideHalfAwayFromZero(numerator, denominator));
  return {
    amountMinor,
    explanation: {
      lines,
      netMinor,
      cashMinor: sale.cashMinor,
      totalMinor: sale.totalMinor,
      reward,
      exact: { numerator: numerator.toString(), denominator: denominator.toString() },
      rounding: numerator % denominator === 0n ? 'none' : 'half_away_from_zero',
      amountMinor,
    },
  };
}

/**
 * How much of a commission is to be taken back in all (rule R3): in proportion to what left of what was collected, from the
 * running totals, so that a full refund in however many parts takes back exactly everything. Pure.
 */
export function reversedTotalFor(commissionMinor: number, cashMinor: number, outMinor: number): number {
  if (cashMinor <= 0) return 0;
  const out = Math.max(0, Math.min(outMinor, cashMinor));
  return safeMinor(divideHalfAwayFromZero(BigInt(commissionMinor) * BigInt(out), BigInt(cashMinor)));
}

/** The instant (UTC) from which, itself included, a sale's commission may be paid. `holdDays` counts 24 h days, so it ignores summer time. Pure. */
export const dueAt = (paidAt: Date, holdDays: number): Date => new Date(paidAt.getTime() + holdDays * MS_PER_DAY);
