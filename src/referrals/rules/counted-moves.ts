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

/** What counts of a commission that a person rejected: from that moment on nothing (null: it stands). Pure. */
export function countedUntil(rejectedAt: Date | null, moves: readonly CountedMove[]): readonly CountedMove[] {
  const [sale] = moves;
  if (rejectedAt === null || sale === undefined) return moves;
  const at = rejectedAt < sale.at ? sale.at : rejectedAt;
  const before = moves.filter((move, seq) => seq === 0 || move.at < at);
  const left = (name: 'sales' | 'revenueMinor' | 'earnedMinor'): number =>
    before.reduce((sum, move) => sum + move[name], 0);
  return [
    ...before,
    { at, sales: -left('sales'), revenueMinor: -left('revenueMinor'), earnedMinor: -left('earnedMinor') },
  ];
}
