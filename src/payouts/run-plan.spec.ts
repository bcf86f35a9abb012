import { describe, expect, it } from '@jest/globals';
import type { PayableEntry } from '../ledger/reservations.service.js';
import { planRun, withJoined, type Payee } from './run-plan.js';

const manual: Payee = { method: 'manual', destination: null, isReady: true };
const stripe: Payee = { method: 'stripe_connect', destination: 'acct_1', isReady: true };

let counter = 0;
function entry(partnerId: string, amountMinor: number, programId: string | null = 'program_1'): PayableEntry {
  return { id: `entry_${counter++}`, partnerId, programId, commissionId: null, amountMinor };
}

function plan(entries: PayableEntry[], payee: Payee | undefined, minimum = 1000, currency = 'usd') {
  const payees = new Map(payee === undefined ? [] : [['a', payee]]);
  return planRun(currency, entries, new Map([['program_1', minimum]]), payees);
}

describe('the plan of a run', () => {
  it('pays a partner the sum of the lines when it reaches the minimum exactly', () => {
    expect(plan([entry('a', 1500), entry('a', -500)], manual).payouts).toMatchObject([{ amountMinor: 1000 }]);
  });

  it.each([
    ['below_minimum', [999], manual],
    ['below_minimum', [1000, -1000], manual],
    ['negative_balance', [-1], manual],
    ['no_payout_method', [1000], undefined],
    ['account_not_ready', [1000], { ...stripe, isReady: false }],
  ] as const)('leaves a partner out for %s: %j', (reason, amounts, payee) => {
    const { payouts, skipped } = plan(
      amounts.map((amount) => entry('a', amount)),
      payee,
    );

    expect(payouts).toEqual([]);
    expect(skipped).toEqual([{ partnerId: 'a', amountMinor: amounts.reduce<number>((a, b) => a + b, 0), reason }]);
  });

  it('goes by the largest minimum among the programs of the lines', () => {
    const minimums = new Map([
      ['small', 100],
      ['large', 5000],
    ]);
    const entries = [entry('a', 2000, 'small'), entry('a', 2999, 'large')];

    expect(planRun('usd', entries, minimums, new Map([['a', manual]])).skipped).toMatchObject([
      { amountMinor: 4999, reason: 'below_minimum' },
    ]);
  });

  it('never pays nothing, whatever the minimum', () => {
    expect(plan([entry('a', 5, null)], stripe, 0, 'kwd').skipped).toMatchObject([{ reason: 'below_minimum' }]);
  });

  it('carries what the provider cannot transfer, and nothing of what is paid by hand', () => {
    expect(plan([entry('a', 1234)], stripe, 1000, 'kwd').payouts).toMatchObject([{ amountMinor: 1230, restMinor: 4 }]);
    expect(plan([entry('a', 1234)], manual, 1000, 'kwd').payouts).toMatchObject([{ amountMinor: 1234, restMinor: 0 }]);
    expect(plan([entry('a', 123_456)], stripe, 1000, 'isk').payouts).toMatchObject([
      { amountMinor: 123_400, restMinor: 56 },
    ]);
  });
});

describe('a line that joins a draft', () => {
  it.each([
    [-200, 1, { amountMinor: 1030, restMinor: 0, drops: false }],
    [-205, 10, { amountMinor: 1020, restMinor: 5, drops: false }],
    [-231, 1, { amountMinor: 999, restMinor: 0, drops: true }],
    [-2000, 10, { amountMinor: -770, restMinor: 0, drops: true }],
  ])('of %d in steps of %d', (joined, step, expected) => {
    expect(withJoined({ amountMinor: 1230, minimumMinor: 1000 }, joined, step)).toEqual(expected);
  });
});
