import { MS_PER_DAY } from '../../common/clock.js';
import { divideHalfAwayFromZero, safeMinor } from '../../common/money.js';
import { exchanged, type Exchange } from './exchange.js';
import { leadAmountOf } from './lead-rules.js';
import type { Cap, Reward } from './reward-rule.js';
import { amountOf, type AmountPart, type CountsBefore, type Fraction } from './rule-amount.js';
import type { NetLine, RuleShare, SaleFigures } from './rule-matching.js';
import type { TermsSources } from '../terms/terms-precedence.js';

/** A cap with what it still leaves before this commission. */
export interface OpenCap {
  cap: Cap;
  leftMinor: number | null;
  leftSales: number | null;
}

/** Every figure of a commission, so that a person can do the sum again; amounts in minor units. */
export interface CommissionExplanation {
  /** The rule, and the lines that it took. */
  rule: string;
  lines: NetLine[];
  /** Whether it was taken for the customer's first sale. */
  isFirstSale: boolean;
  /** What the rule pays on: its lines' nets, at most what is left of the whole sale's. */
  netMinor: number;
  cashMinor: number;
  /** What was paid beside it past Stripe, where the program does not count that. */
  offStripeMinor?: number;
  totalMinor: number;
  reward: Reward;
  /** Where the program counts in another currency than the sale's. */
  exchange?: Exchange;
  /** What had been counted before, where the reward goes by it. */
  before?: Omit<CountsBefore, 'firstPaymentAt'> & { firstPaymentAt: string | null };
  /** Why the rule pays nothing any more. */
  ended?: string;
  /** What each stretch of the base pays, in the commission's currency. */
  parts: AmountPart[];
  /** The cap that lowered the amount, and what it left. */
  capped?: OpenCap;
  /** The exact value before the one rounding, as a fraction. */
  exact: { numerator: string; denominator: string };
  rounding: 'half_away_from_zero' | 'none';
  amountMinor: number;
  /** The event that told of the sale; null when it was fetched, or is a sale from outside Stripe. */
  eventId: string | null;
  dueAt: string;
  programVersion: number;
  /** Whose terms decided instead of the program's, where any did. */
  terms?: TermsSources;
}

export interface CommissionFigures {
  amountMinor: number;
  /** What counts as revenue for tiers: the share of the net that was paid in cash, in the commission's currency. */
  baseMinor: number;
  /** Nothing can be said until an exchange rate is known; the amount is 0 meanwhile. */
  awaitsRate: boolean;
  explanation: Omit<CommissionExplanation, 'eventId' | 'dueAt' | 'programVersion' | 'terms'>;
}

export interface CommissionContext {
  before: CountsBefore;
  caps: readonly OpenCap[];
  occurredAt: Date;
  timeZone: string;
  isFirstSale: boolean;
  exchange: Exchange | null;
}

/**
 * What a rule's share of a sale earns (rules R1 and R2): the share's net, times the part of the total that was paid in cash,
 * exchanged into the program's currency where it is another, times the reward; rounded once, at the end, halves away from
 * zero, and then held under the caps. A flat amount needs cash and a positive net, and is not reduced by either; for a lead it
 * needs neither. Pure.
 */
export function commissionFor(share: RuleShare, sale: SaleFigures, context: CommissionContext): CommissionFigures {
  const { rule, lines, netMinor } = share;
  const { exchange } = context;
  const inSale = baseOf(netMinor, sale);
  const base = exchange === null ? inSale : exchanged(inSale, exchange);
  const {
    ended,
    parts,
    exact,
    amountMinor: whole,
  } = rule.on === 'sale' ? amountOf(rule, base, context.before, context) : leadAmountOf(rule);
  const capped = context.caps.find((open) => leftOf(open) < whole && leftOf(open) === lowest(context.caps));
  const amountMinor = capped === undefined ? whole : Math.max(0, leftOf(capped));
  return {
    amountMinor,
    baseMinor: safeMinor(divideHalfAwayFromZero(base.numerator, base.denominator)),
    awaitsRate: exchange !== null && exchange.rate === null && ended === null && inSale.numerator > 0n,
    explanation: {
      ...{ rule: rule.key, lines, netMinor, reward: rule.reward, parts, amountMinor },
      ...{ cashMinor: sale.cashMinor, totalMinor: sale.totalMinor, isFirstSale: context.isFirstSale },
      ...(exchange !== null && { exchange }),
      ...(isCounted(rule.reward) && { before: inWords(context.before) }),
      ...(ended !== null && { ended }),
      ...(capped !== undefined && { capped }),
      exact: { numerator: exact.numerator.toString(), denominator: exact.denominator.toString() },
      rounding: exact.numerator % exact.denominator === 0n ? 'none' : 'half_away_from_zero',
    },
  };
}

/** The net times the share of the total that was paid in cash; an overpayment adds nothing. */
function baseOf(netMinor: number, { cashMinor, totalMinor }: SaleFigures): Fraction {
  const cash = BigInt(Math.max(0, Math.min(cashMinor, totalMinor)));
  const total = BigInt(Math.max(0, totalMinor));
  return total === 0n || cash === 0n || netMinor === 0
    ? { numerator: 0n, denominator: 1n }
    : { numerator: BigInt(netMinor) * cash, denominator: total };
}

/** Whether a reward goes by what came before it. Pure. */
export function isCounted(reward: Reward): boolean {
  if (reward.type === 'recurring') return reward.months !== undefined || reward.payments !== undefined;
  return reward.type === 'tiered' || reward.type === 'phases';
}

function inWords({ firstPaymentAt, ...before }: CountsBefore) {
  return { ...before, firstPaymentAt: firstPaymentAt?.toISOString() ?? null };
}

/** What the cap leaves for the sale's next rule. Pure. */
export function afterEarning(open: OpenCap, amountMinor: number): OpenCap {
  return { ...open, leftMinor: open.leftMinor === null ? null : open.leftMinor - amountMinor };
}

function leftOf({ leftMinor, leftSales }: OpenCap): number {
  return leftSales !== null && leftSales <= 0 ? 0 : (leftMinor ?? Infinity);
}

const lowest = (caps: readonly OpenCap[]): number => Math.min(...caps.map(leftOf));

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
