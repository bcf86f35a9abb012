import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { LedgerAccount } from '../../ledger/ledger-entry.entity.js';
import { NOTHING_POSTED, postingsBetween, type CommissionTotals } from './commission-postings.js';

const AT = new Date('2026-03-01T12:00:00Z');
const CAUSES = {
  earnedAt: AT,
  reversedAt: AT,
  rejectedAt: AT,
  heldAt: AT,
  earning: {},
  reversal: {},
  rejection: {},
  hold: {},
};
const COMMISSION = {
  ...{ workspaceId: 'w', id: 'commission_1', partnerId: 'p', programId: 'g', currency: 'usd' },
  ...{ dueAt: AT, amountMinor: 0 },
};

/** What facts can say: something was earned, some of it taken back, and of the rest some refused or held. */
const totals = fc
  .tuple(fc.nat(9_999), fc.nat(100), fc.boolean(), fc.nat(100))
  .map(([earnedMinor, taken, isRejected, held]): CommissionTotals => {
    const reversedMinor = Math.floor((earnedMinor * taken) / 100);
    const left = earnedMinor - reversedMinor;
    const heldMinor = isRejected ? 0 : Math.floor((left * held) / 100);
    return { earnedMinor, reversedMinor, rejectedMinor: isRejected ? left : 0, heldMinor };
  });

describe('postingsBetween', () => {
  it('leads to what is wanted through any sequence, with 0 ≤ held ≤ net ≤ earned and each fact once', () => {
    fc.assert(
      fc.property(fc.array(totals, { minLength: 1, maxLength: 8 }), (sequence) => {
        const sums: Record<LedgerAccount, number> = { expense: 0, earned: 0, held: 0, in_payout: 0, paid: 0 };
        const facts: string[] = [];
        let posted = NOTHING_POSTED;
        for (const wanted of sequence) {
          const transactions = postingsBetween(COMMISSION, posted, wanted, facts.length, CAUSES);
          for (const { entries, factKey } of transactions) {
            expect(entries.reduce((sum, { amountMinor }) => sum + amountMinor, 0)).toBe(0);
            for (const { account, amountMinor } of entries) sums[account] += amountMinor;
            facts.push(factKey);
            expect(sums.held).toBeGreaterThanOrEqual(0);
          }
          const netMinor = wanted.earnedMinor - wanted.reversedMinor - wanted.rejectedMinor;
          expect(sums).toMatchObject({ held: wanted.heldMinor, earned: netMinor - wanted.heldMinor });
          expect(0 - sums.expense).toBe(netMinor);
          posted = wanted;
        }
        expect(new Set(facts).size).toBe(facts.length);
      }),
    );
  });
});
