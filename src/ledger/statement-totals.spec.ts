import { describe, expect, it } from '@jest/globals';
import type { LedgerTransactionKind } from './ledger-transaction.entity.js';
import { columnOf, totalsOf } from './statement-totals.js';

const entry = (kind: LedgerTransactionKind, amountMinor: number) => ({ kind, amountMinor });

describe('the totals of a statement', () => {
  it('are what the entries sum to, so that opening + earned − reversed − paid is closing', () => {
    const entries = [
      entry('earning', 2_000),
      entry('adjustment', 300),
      entry('adjustment', -500),
      entry('reversal', -700),
      entry('reinstatement', 200),
      entry('rejection', -100),
      entry('pay', -900),
      entry('return', 400),
    ];

    const { earnedMinor, reversedMinor, paidMinor } = totalsOf(entries);

    expect({ earnedMinor, reversedMinor, paidMinor }).toEqual({
      earnedMinor: 2_300,
      reversedMinor: 1_100,
      paidMinor: 500,
    });
    const change = entries.reduce((sum, { amountMinor }) => sum + amountMinor, 0);
    expect(earnedMinor - reversedMinor - paidMinor).toBe(change);
  });

  it('are zero without entries, and never minus zero', () => {
    expect(totalsOf([])).toEqual({ earnedMinor: 0, reversedMinor: 0, paidMinor: 0 });
  });

  it.each([
    ['adjustment', 1, 'earned'],
    ['adjustment', -1, 'reversed'],
    ['reinstatement', 1, 'reversed'],
    ['return', 1, 'paid'],
  ] as const)('count %s of %d as %s', (kind, amountMinor, column) => {
    expect(columnOf(kind, amountMinor)).toBe(column);
  });
});
