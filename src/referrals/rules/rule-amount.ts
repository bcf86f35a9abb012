import { BPS_WHOLE, divideHalfAwayFromZero, safeMinor } from '../../common/money.js';
import { monthsAfter } from './calendar.js';
import type { Rate, Reward, RewardRule, Tier } from './reward-rule.js';

/** An exact value; the denominator is above 0. */
export interface Fraction {
  numerator: bigint;
  denominator: bigint;
}

/** What had been counted before a sale, in the order of (business time, source id). */
export interface CountsBefore {
  /** The customer's payments under this rule, and the first of them. */
  payments: number;
  firstPaymentAt: Date | null;
  /** What the partner had brought in the tier's period: revenue less refunds in minor units of the base, and sales. */
  revenueMinor: number;
  sales: number;
}

/** A stretch of the base and what it pays. */
export interface AmountPart {
  rate: Rate;
  /** The part of the base that it is paid on; exact, as decimal texts so that it can be stored. */
  base: { numerator: string; denominator: string };
}

export interface RuleAmount {
  /** Why the rule pays nothing any more. */
  ended: 'months_over' | 'payments_over' | null;
  parts: AmountPart[];
  /** Before the one rounding. */
  exact: Fraction;
  amountMinor: number;
}

/** What a rule pays on a base, given what came before. Rounded once, at the end, halves away from zero (rule R1). Pure. */
export function amountOf(
  rule: RewardRule,
  base: Fraction,
  before: CountsBefore,
  at: { occurredAt: Date; timeZone: string },
): RuleAmount {
  const ended = endOf(rule.reward, before, at);
  const parts = ended === null && base.numerator > 0n ? partsOf(rule.reward, base, before) : [];
  const whole = parts.map(({ rate, of }) => paidOn(rate, of)).reduce(sumOf, { numerator: 0n, denominator: 1n });
  const exact = reduced(rule.capAtSale && isMore(whole, base) ? base : whole);
  return {
    ended,
    parts: parts.map(({ rate, of }) => ({ rate, base: inText(reduced(of)) })),
    exact,
    amountMinor: safeMinor(divideHalfAwayFromZero(exact.numerator, exact.denominator)),
  };
}

function endOf(
  reward: Reward,
  { payments, firstPaymentAt }: CountsBefore,
  { occurredAt, timeZone }: { occurredAt: Date; timeZone: string },
): RuleAmount['ended'] {
  if (reward.type === 'phases') {
    const total = reward.phases.reduce((sum, phase) => sum + (phase.payments ?? Infinity), 0);
    return payments >= total ? 'payments_over' : null;
  }
  if (reward.type !== 'recurring') return null;
  if (reward.payments !== undefined && payments >= reward.payments) return 'payments_over';
  if (reward.months === undefined || firstPaymentAt === null) return null;
  return occurredAt >= monthsAfter(firstPaymentAt, reward.months, timeZone) ? 'months_over' : null;
}

interface Part {
  rate: Rate;
  of: Fraction;
}

function partsOf(reward: Reward, base: Fraction, before: CountsBefore): Part[] {
  switch (reward.type) {
    case 'percentage':
    case 'one_time':
    case 'recurring':
      return [{ rate: rateOf(reward), of: base }];
    case 'phases': {
      let left = before.payments;
      const phase = reward.phases.find(({ payments = Infinity }) => (left -= payments) < 0);
      return phase === undefined ? [] : [{ rate: rateOf(phase), of: base }];
    }
    case 'tiered':
      return reward.mode === 'graduated' && reward.by === 'revenue'
        ? graduated(reward.tiers, base, before.revenueMinor)
        : wholeSale(reward.tiers, base, reward.by === 'revenue' ? before.revenueMinor : before.sales);
  }
}

/** The tier that was reached before the sale pays for all of it. */
function wholeSale(tiers: readonly Tier[], base: Fraction, count: number): Part[] {
  const reached = tiers.filter(({ from }) => from <= Math.max(0, count)).at(-1);
  return reached === undefined ? [] : [{ rate: rateOf(reached), of: base }];
}

/** Each tier pays for the part of the sale that lies in it. */
function graduated(tiers: readonly Tier[], base: Fraction, revenueMinor: number): Part[] {
  const unit = base.denominator;
  const start = BigInt(Math.max(0, revenueMinor)) * unit;
  const end = start + base.numerator;
  return tiers.flatMap((tier, index) => {
    const next = tiers[index + 1];
    const low = largest(start, BigInt(tier.from) * unit);
    const high = next === undefined ? end : smallest(end, BigInt(next.from) * unit);
    return high > low ? [{ rate: rateOf(tier), of: { numerator: high - low, denominator: unit } }] : [];
  });
}

function rateOf(rate: Rate): Rate {
  return 'rateBps' in rate ? { rateBps: rate.rateBps } : { amountMinor: rate.amountMinor };
}

function paidOn(rate: Rate, { numerator, denominator }: Fraction): Fraction {
  return 'rateBps' in rate
    ? { numerator: numerator * BigInt(rate.rateBps), denominator: denominator * BigInt(BPS_WHOLE) }
    : { numerator: BigInt(rate.amountMinor), denominator: 1n };
}

function sumOf(a: Fraction, b: Fraction): Fraction {
  if (a.denominator === b.denominator) return { ...a, numerator: a.numerator + b.numerator };
  return {
    numerator: a.numerator * b.denominator + b.numerator * a.denominator,
    denominator: a.denominator * b.denominator,
  };
}

function reduced({ numerator, denominator }: Fraction): Fraction {
  let [a, b] = [numerator < 0n ? -numerator : numerator, denominator];
  while (b > 0n) [a, b] = [b, a % b];
  return { numerator: numerator / a, denominator: denominator / a };
}

function inText({ numerator, denominator }: Fraction): AmountPart['base'] {
  return { numerator: numerator.toString(), denominator: denominator.toString() };
}

const isMore = (a: Fraction, b: Fraction): boolean => a.numerator * b.denominator > b.numerator * a.denominator;
const largest = (a: bigint, b: bigint): bigint => (a > b ? a : b);
const smallest = (a: bigint, b: bigint): bigint => (a < b ? a : b);
