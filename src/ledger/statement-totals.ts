import type { LedgerTransactionKind } from './ledger-transaction.entity.js';

/** What an entry of a statement counts as. */
export type StatementColumn = 'earned' | 'reversed' | 'paid';

/** What a period changed, in minor units: opening + earned − reversed − paid = closing. */
export interface StatementTotals {
  earnedMinor: number;
  /** Taken back, less what was given again. */
  reversedMinor: number;
  /** Paid out, less what came back. */
  paidMinor: number;
}

/** An adjustment is what was earned where it adds, and what was taken back where it takes away. Pure. */
export function columnOf(kind: LedgerTransactionKind, amountMinor: number): StatementColumn {
  if (kind === 'pay' || kind === 'return') return 'paid';
  if (kind === 'earning' || kind === 'opening_balance' || (kind === 'adjustment' && amountMinor > 0)) return 'earned';
  return 'reversed';
}

/** Pure. */
export function totalsOf(
  entries: ReadonlyArray<{ kind: LedgerTransactionKind; amountMinor: number }>,
): StatementTotals {
  const sum = (column: StatementColumn): number =>
    entries
      .filter(({ kind, amountMinor }) => columnOf(kind, amountMinor) === column)
      .reduce((total, { amountMinor }) => total + amountMinor, 0);
  // Never −0, which JSON and people would tell from 0.
  return { earnedMinor: sum('earned'), reversedMinor: 0 - sum('reversed'), paidMinor: 0 - sum('paid') };
}
