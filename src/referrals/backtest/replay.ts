import { bindingsInForce } from '../attribution/bindings-in-force.js';
import type { AttributionByHand } from '../attribution/attribution-by-hand.entity.js';
import type { Attribution } from '../attribution.entity.js';
import { afterEarning, commissionFor, reversedTotalFor } from '../rules/commission-rules.js';
import { countedMoves, countedUntil, type CountedMove } from '../rules/counted-moves.js';
import type { Exchange } from '../rules/exchange.js';
import type { ProgramPolicies } from '../rules/program-policies.js';
import type { Cap, RewardRule } from '../rules/reward-rule.js';
import { collectedOf, sharesOf } from '../rules/rule-matching.js';
import { RunningCounts } from '../rules/running-counts.js';
import type { SaleFacts } from '../sale-facts.repository.js';
import { NO_SUMS, type BacktestSums } from './backtest-sums.js';

/** The terms that are tried. */
export interface ProposedTerms {
  rules: RewardRule[];
  caps: Cap[];
  timeZone: string;
  policies: ProgramPolicies;
}

/** A sale of the past with everything that is asked of it. */
export interface PastSale {
  facts: SaleFacts;
  customerId: string;
  byEvidence: Attribution | null;
  byHand: readonly AttributionByHand[];
  /** Whether the bound one may earn from it; asked once it is known who that is. */
  mayEarn: (bound: Attribution) => boolean;
  /** Partners whose commission for it was rejected by a person, and when. */
  rejectedFor: ReadonlyMap<string, Date>;
  exchange: Exchange | null;
  programCurrency: string | null;
}

/** What the terms would have made of one sale. */
export interface ReplayedSale {
  partnerId: string;
  currency: string;
  sums: BacktestSums;
  /** No rate into the program's currency is known; nothing is earned until there is one. */
  awaitsRate: boolean;
}

/** Lets proposed terms judge all sales of a program, one by one in the order of (business time, source id). */
export class Replay {
  private readonly counts: RunningCounts;
  private readonly customersSeen = new Set<string>();

  constructor(private readonly terms: ProposedTerms) {
    this.counts = new RunningCounts(terms.caps, terms.timeZone);
  }

  /** Null when nobody is paid for it. */
  next(sale: PastSale): ReplayedSale | null {
    const { facts, customerId } = sale;
    const { occurredAt, figures } = facts;
    const isFirstSale = !this.customersSeen.has(customerId);
    this.customersSeen.add(customerId);
    const [bound] = bindingsInForce(sale.byEvidence === null ? [] : [sale.byEvidence], sale.byHand, occurredAt);
    if (bound === undefined || !sale.mayEarn(bound)) return null;
    const { rules, timeZone, policies } = this.terms;
    const place = { partnerId: bound.partnerId, customerId, occurredAt, sourceId: facts.sourceId };
    let caps = this.counts.openCaps(place);
    const collected = collectedOf(figures, policies) ?? { ...figures, cashMinor: 0 };
    let awaitsRate = false;
    const sums = { ...NO_SUMS };
    const earned: Array<{ rule: RewardRule; moves: readonly CountedMove[] }> = [];
    const rejectedAt = sale.rejectedFor.get(bound.partnerId) ?? null;
    for (const share of sharesOf(rules, figures, { occurredAt, boundAt: bound.boundAt, isFirstSale }, policies)) {
      const before = this.counts.before(place, share.rule);
      const context = { before, caps, occurredAt, timeZone, isFirstSale, exchange: sale.exchange };
      const commission = commissionFor(share, collected, context);
      caps = caps.map((open) => afterEarning(open, commission.amountMinor));
      awaitsRate ||= commission.awaitsRate;
      const { cashMinor } = collected;
      addTo(sums, commission.amountMinor, rejectedAt !== null, cashMinor, facts);
      const cash = { occurredAt, cashMinor, moves: facts.out.moves };
      earned.push({ rule: share.rule, moves: countedUntil(rejectedAt, countedMoves(commission, cash)) });
    }
    this.counts.add(place, earned);
    return { partnerId: bound.partnerId, currency: sale.programCurrency ?? figures.currency, sums, awaitsRate };
  }
}

function addTo(
  sums: BacktestSums,
  amountMinor: number,
  isRejected: boolean,
  cashMinor: number,
  { out }: SaleFacts,
): void {
  if (amountMinor === 0) return;
  const takenBackMinor = isRejected ? amountMinor : reversedTotalFor(amountMinor, cashMinor, out.outMinor);
  sums.commissions += 1;
  sums.earnedMinor += amountMinor;
  sums.takenBackMinor += takenBackMinor;
  sums.netMinor += amountMinor - takenBackMinor;
}
