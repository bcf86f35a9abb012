import { PassingPeriods, type Span } from './calendar.js';
import { isCounted, type OpenCap } from './commission-rules.js';
import { countedTogether } from './counted-by.js';
import type { CountedMove } from './counted-moves.js';
import type { Cap, Period, RewardRule } from './reward-rule.js';
import type { CountsBefore } from './rule-amount.js';

/** A sale's place in the order of (business time, source id), and whose it is. */
export interface PlacedSale {
  partnerId: string;
  customerId: string;
  occurredAt: Date;
  sourceId: string;
}

interface Move extends CountedMove {
  sourceId: string;
  /** The sale itself, rather than what left of it. */
  isSale: boolean;
}

/**
 * The counts that rewards and caps go by, kept while all sales of a program pass by in their order (rule R5). It answers what
 * the table of dated counts would; what is kept is in proportion to the partners and customers, not to the sales.
 */
export class RunningCounts {
  private readonly counters = new Map<string, Counter>();
  private readonly periods: PassingPeriods;

  constructor(
    private readonly caps: readonly Cap[],
    timeZone: string,
  ) {
    this.periods = new PassingPeriods(timeZone);
  }

  before(sale: PlacedSale, rule: RewardRule): CountsBefore {
    const scope = ruleScope(rule);
    if (scope === null) return { payments: 0, sales: 0, revenueMinor: 0, firstPaymentAt: null };
    const { sales, revenueMinor, firstAt } = this.at(nameOf(scope.per, sale, rule.key), sale, scope.period);
    return { payments: sales, sales, revenueMinor, firstPaymentAt: firstAt };
  }

  openCaps(sale: PlacedSale): OpenCap[] {
    return this.caps.map((cap, index) => {
      const { earnedMinor, earningSales } = this.at(nameOf(cap.per, sale, `cap ${index}`), sale, cap.period);
      return {
        cap,
        leftMinor: cap.maxMinor === undefined ? null : cap.maxMinor - earnedMinor,
        leftSales: cap.maxSales === undefined ? null : cap.maxSales - earningSales,
      };
    });
  }

  /** Counts a sale, once for each rule that took a share of it; `earned` are its moves by rule. */
  add(sale: PlacedSale, earned: ReadonlyArray<{ rule: RewardRule; moves: readonly CountedMove[] }>): void {
    for (const { rule, moves } of earned) {
      const scope = ruleScope(rule);
      if (scope !== null) this.counter(nameOf(scope.per, sale, rule.key)).add(movesOf(sale, moves));
    }
    for (const [index, { per }] of this.caps.entries()) {
      const counter = this.counter(nameOf(per, sale, `cap ${index}`));
      // A sale that several rules paid for is one sale under the cap.
      let isCountedYet = false;
      for (const { moves } of earned) {
        const own = movesOf(sale, moves).map((move) => ({ ...move, isSale: move.isSale && !isCountedYet }));
        isCountedYet ||= own.some(({ isSale, earnedMinor }) => isSale && earnedMinor > 0);
        counter.add(own);
      }
    }
  }

  private at(name: string, sale: PlacedSale, period: Period): Counter {
    const counter = this.counter(name);
    counter.advance(sale, this.periods.of(sale.occurredAt, period));
    return counter;
  }

  private counter(name: string): Counter {
    const held = this.counters.get(name);
    if (held !== undefined) return held;
    const counter = new Counter();
    this.counters.set(name, counter);
    return counter;
  }
}

/** Sums of one period; what is dated later waits until the sales have come so far. */
class Counter {
  sales = 0;
  revenueMinor = 0;
  earnedMinor = 0;
  earningSales = 0;
  firstAt: Date | null = null;
  private from = -Infinity;
  /** Latest first, so that the next one is the last. */
  private readonly waiting: Move[] = [];

  add(moves: readonly Move[]): void {
    for (const move of moves) {
      let at = this.waiting.length;
      while (at > 0 && isBefore(this.waiting[at - 1] as Move, move)) at--;
      this.waiting.splice(at, 0, move);
    }
  }

  advance(to: { occurredAt: Date; sourceId: string }, { from }: Span): void {
    const start = from?.getTime() ?? -Infinity;
    if (start > this.from) this.begin(start);
    for (
      let next = this.waiting.at(-1);
      next !== undefined && isBefore(next, placeOf(to));
      next = this.waiting.at(-1)
    ) {
      this.waiting.pop();
      if (next.at.getTime() >= start) this.count(next);
    }
  }

  private begin(start: number): void {
    this.from = start;
    [this.sales, this.revenueMinor, this.earnedMinor, this.earningSales, this.firstAt] = [0, 0, 0, 0, null];
  }

  private count({ at, sales, revenueMinor, earnedMinor, isSale }: Move): void {
    this.sales += sales;
    this.revenueMinor += revenueMinor;
    this.earnedMinor += earnedMinor;
    if (!isSale) return;
    if (sales > 0) this.firstAt ??= at;
    if (earnedMinor > 0) this.earningSales += 1;
  }
}

/** By whose sales a rule counts, and in what period; null where it does not count. Pure. */
function ruleScope({ reward }: RewardRule): { per: 'partner' | 'customer'; period: Period } | null {
  if (!isCounted(reward)) return null;
  return { per: countedTogether(reward), period: reward.type === 'tiered' ? reward.period : 'ever' };
}

function nameOf(per: Cap['per'], { partnerId, customerId }: PlacedSale, of: string): string {
  return `${of}\n${per === 'program' ? '' : per === 'partner' ? partnerId : customerId}`;
}

function movesOf({ sourceId }: PlacedSale, moves: readonly CountedMove[]): Move[] {
  return moves.map((move, seq) => ({ ...move, sourceId, isSale: seq === 0 }));
}

const placeOf = ({ occurredAt, sourceId }: { occurredAt: Date; sourceId: string }) => ({ at: occurredAt, sourceId });

function isBefore(a: { at: Date; sourceId: string }, b: { at: Date; sourceId: string }): boolean {
  const [first, second] = [a.at.getTime(), b.at.getTime()];
  return first < second || (first === second && a.sourceId < b.sourceId);
}
