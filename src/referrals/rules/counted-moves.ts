import { reversedTotalFor, type CommissionFigures } from './commission-rules.js';

/** What a sale adds to the counts of one rule at an instant; the first is the sale itself, those after it what left again. */
export interface CountedMove {
  at: Date;
  /** 1 for the sale, −1 when all of it has left again. */
  sales: number;
  revenueMinor: number;
  earnedMinor: number;
}

/** A sale's cash, and what of it left when, oldest first; null where no time is known. */
export interface SaleCash {
  occurredAt: Date;
  cashMinor: number;
  moves: ReadonlyArray<{ minor: number; at: Date | null }>;
}

/** What the sale counts under the rule that earned the figures; nothing where nothing was paid for. Pure. */
export function countedMoves(
  { baseMinor, amountMinor }: Pick<CommissionFigures, 'baseMinor' | 'amountMinor'>,
  { occurredAt, cashMinor, moves }: SaleCash,
): CountedMove[] {
  if (baseMinor <= 0) return [];
  const leftAfter = (outMinor: number): Omit<CountedMove, 'at'> => ({
    sales: outMinor >= cashMinor ? 0 : 1,
    revenueMinor: baseMinor - reversedTotalFor(baseMinor, cashMinor, outMinor),
    earnedMinor: amountMinor - reversedTotalFor(amountMinor, cashMinor, outMinor),
  });
  let outMinor = 0;
  const counted: CountedMove[] = [{ at: occurredAt, ...leftAfter(outMinor) }];
  for (const { minor, at } of moves) {
    const before = leftAfter(outMinor);
    outMinor += minor;
    const after = leftAfter(outMinor);
    counted.push({
      at: at ?? occurredAt,
      sales: after.sales - before.sales,
      revenueMinor: after.revenueMinor - before.revenueMinor,
      earnedMinor: after.earnedMinor - before.earnedMinor,
    });
  }
  return counted;
}
