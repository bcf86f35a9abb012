import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { DataSource } from 'typeorm';
import { AdjustableClock } from '../../src/common/clock.js';
import { LedgerReader } from '../../src/ledger/ledger-reader.service.js';
import type { LedgerAccount } from '../../src/ledger/ledger-entry.entity.js';
import { LedgerService, movement, type NewTransaction } from '../../src/ledger/ledger.service.js';
import { openTestDatabase, type OpenTestDatabase } from '../support/test-database.js';

const WORKSPACE = 'wks_ledger';
let database: OpenTestDatabase;
let db: DataSource;
let ledger: LedgerService;
let reader: LedgerReader;
const clock = new AdjustableClock();

beforeAll(async () => {
  database = await openTestDatabase();
  db = database.dataSource;
  ledger = new LedgerService(clock);
  reader = new LedgerReader(db, clock);
});
afterAll(() => database.drop());

type Step = readonly [kind: NewTransaction['kind'], from: LedgerAccount, to: LedgerAccount];
const STEPS: readonly Step[] = [
  ['earning', 'expense', 'earned'],
  ['reversal', 'earned', 'expense'],
  ['hold', 'earned', 'held'],
  ['release', 'held', 'earned'],
  ['reserve', 'earned', 'in_payout'],
  ['unreserve', 'in_payout', 'earned'],
  ['pay', 'in_payout', 'paid'],
  ['return', 'paid', 'earned'],
];

const operation = fc.record({
  step: fc.constantFrom(...STEPS),
  amountMinor: fc.integer({ min: 1, max: 10_000_000 }),
  currency: fc.constantFrom('usd', 'eur', 'jpy', 'kwd'),
  dueInHours: fc.integer({ min: -48, max: 48 }),
});
type Operation = typeof operation extends fc.Arbitrary<infer T> ? T : never;

let facts = 0;
function transactionOf(
  { step: [kind, from, to], amountMinor, currency, dueInHours }: Operation,
  partnerId: string,
): NewTransaction {
  const dueAt = new Date(clock.now().getTime() + dueInHours * 3_600_000);
  return {
    workspaceId: WORKSPACE,
    kind,
    factKey: `test:${(facts += 1)}`,
    occurredAt: clock.now(),
    cause: {},
    entries: movement(from, to, {
      partnerId,
      currency,
      amountMinor,
      dueAt,
      payable: kind === 'earning' || kind === 'reversal',
    }),
  };
}

describe('the ledger', () => {
  it('failure 22: sums to zero in every transaction and currency, and balances are its sums, after 10,000 random sequences', async () => {
    const now = new Date('2026-03-01T00:00:00Z');
    clock.freeze(now);
    const sequences = fc.array(fc.array(operation, { minLength: 1, maxLength: 4 }), { minLength: 100, maxLength: 100 });
    await fc.assert(
      fc.asyncProperty(sequences, async (trials) => {
        const partners = trials.map(() => `partner_${(facts += 1)}`);
        const all = trials.flatMap((operations, index) =>
          operations.map((each) => transactionOf(each, partners[index] as string)),
        );

        await db.transaction((tx) => ledger.post(all, tx));

        const probe = Math.floor(trials.length / 2);
        const balances = await reader.balances(WORKSPACE, partners[probe] as string);
        for (const balance of balances) {
          const moved = (account: LedgerAccount, due?: boolean): number =>
            (trials[probe] as Operation[])
              .filter(({ currency }) => currency === balance.currency)
              .filter(({ dueInHours }) => due === undefined || dueInHours <= 0 === due)
              .reduce(
                (sum, { step: [, from, to], amountMinor }) =>
                  sum + (to === account ? amountMinor : 0) - (from === account ? amountMinor : 0),
                0,
              );
          expect(balance).toEqual({
            currency: balance.currency,
            pendingMinor: moved('earned', false),
            dueMinor: moved('earned', true),
            heldMinor: moved('held'),
            inPayoutMinor: moved('in_payout'),
            paidMinor: moved('paid'),
          });
        }
      }),
      { numRuns: 100 },
    );
    const unbalanced = await db.query(
      `SELECT 1 FROM tributary.ledger_entry GROUP BY transaction_id, currency HAVING sum(amount_minor) <> 0`,
    );
    expect(unbalanced).toEqual([]);
    const [{ n }] = await db.query<[{ n: string }]>(`SELECT count(*) AS n FROM tributary.ledger_transaction`);
    expect(Number(n)).toBeGreaterThan(10_000);
  });

  it('refuses the same fact twice', async () => {
    const fact = transactionOf(
      { step: STEPS[0] as Step, amountMinor: 5, currency: 'usd', dueInHours: 0 },
      'partner_twice',
    );
    await db.transaction((tx) => ledger.post([fact], tx));

    await expect(db.transaction((tx) => ledger.post([fact], tx))).rejects.toThrow(/ledger_transaction_fact/);
  });

  it('refuses an entry that differs from its transaction in kind or time', async () => {
    const fact = transactionOf(
      { step: STEPS[0] as Step, amountMinor: 5, currency: 'usd', dueInHours: 0 },
      'partner_odd',
    );
    const [id] = await db.transaction((tx) => ledger.post([fact], tx));
    const add = (kind: string, at: Date): Promise<unknown> =>
      db.query(
        `INSERT INTO tributary.ledger_entry (workspace_id, id, transaction_id, account, partner_id, currency, amount_minor, payable, kind, occurred_at)
         VALUES ($1, 'a', $2, 'paid', 'p', 'usd', 5, false, $3, $4), ($1, 'b', $2, 'expense', 'p', 'usd', -5, false, $3, $4)`,
        [WORKSPACE, id, kind, at],
      );

    await expect(add('pay', fact.occurredAt)).rejects.toThrow(/differs from its transaction/);
    await expect(add('earning', new Date(0))).rejects.toThrow(/differs from its transaction/);
    await expect(add('earning', fact.occurredAt)).resolves.toBeDefined();
  });

  it('scenario 83: a statement’s opening and entries make its closing, per currency, whatever moved in between', async () => {
    const partner = 'partner_statement';
    const post = async (at: string, step: Step, amountMinor: number, currency: 'usd' | 'eur' = 'usd') => {
      clock.freeze(new Date(at));
      await db.transaction((tx) =>
        ledger.post([transactionOf({ step, amountMinor, currency, dueInHours: 0 }, partner)], tx),
      );
    };
    const step = (kind: string): Step => STEPS.find(([name]) => name === kind) as Step;
    await post('2026-01-31T23:59:59.999Z', step('earning'), 700);
    await post('2026-02-01T00:00:00Z', step('earning'), 1_000);
    await post('2026-02-03T00:00:00Z', step('hold'), 400);
    await post('2026-02-05T00:00:00Z', step('reversal'), 200);
    await post('2026-02-10T00:00:00Z', step('reserve'), 600);
    await post('2026-02-11T00:00:00Z', step('pay'), 600);
    await post('2026-02-12T00:00:00Z', step('earning'), 90, 'eur');
    await post('2026-03-01T00:00:00Z', step('earning'), 5_000);

    const [eur, usd] = await reader.statement(
      WORKSPACE,
      partner,
      new Date('2026-02-01T00:00:00Z'),
      new Date('2026-03-01T00:00:00Z'),
    );

    expect(usd).toMatchObject({ currency: 'usd', openingMinor: 700, closingMinor: 900 });
    expect(usd?.entries.map(({ kind, amountMinor }) => [kind, amountMinor])).toEqual([
      ['earning', 1_000],
      ['reversal', -200],
      ['pay', -600],
    ]);
    expect(eur).toMatchObject({ currency: 'eur', openingMinor: 0, closingMinor: 90 });
  });
});
