/** What came of sales, in minor units of one currency. */
export interface BacktestSums {
  /** Commissions above 0. */
  commissions: number;
  earnedMinor: number;
  /** What refunds and disputes took of it, and people who rejected it. */
  takenBackMinor: number;
  netMinor: number;
}

export interface Compared {
  proposed: BacktestSums;
  actual: BacktestSums;
}

/** Where a sum belongs: the partner, the month of the sale, such as `2026-01`, and the currency. */
export interface SumPlace {
  partnerId: string;
  month: string;
  currency: string;
}

export const NO_SUMS: BacktestSums = { commissions: 0, earnedMinor: 0, takenBackMinor: 0, netMinor: 0 };

/** Sums of proposed and of actual commissions by partner, month and currency, kept apart; currencies are never added up. */
export class SumTable {
  private readonly places = new Map<string, SumPlace & Compared>();

  add(place: SumPlace, side: keyof Compared, sums: BacktestSums): void {
    const name = [place.partnerId, place.month, place.currency].join('\n');
    const held = this.places.get(name) ?? { ...place, proposed: { ...NO_SUMS }, actual: { ...NO_SUMS } };
    increase(held[side], sums);
    this.places.set(name, held);
  }

  /** Added up over all places that the name says are one, in the order of the names. */
  by<T>(nameOf: (place: SumPlace) => T): Array<T & Compared> {
    const groups = new Map<string, T & Compared>();
    for (const { proposed, actual, ...place } of this.places.values()) {
      const name = nameOf(place);
      const text = JSON.stringify(name);
      const group = groups.get(text) ?? { ...name, proposed: { ...NO_SUMS }, actual: { ...NO_SUMS } };
      increase(group.proposed, proposed);
      increase(group.actual, actual);
      groups.set(text, group);
    }
    return [...groups.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, group]) => group);
  }
}

function increase(sum: BacktestSums, more: BacktestSums): void {
  for (const name of Object.keys(sum) as Array<keyof BacktestSums>) sum[name] += more[name];
}
