import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { firstHalfYear, type Company } from '../support/first-half-year.js';

const PAGE = readFileSync(new URL('../../docs/sql.md', import.meta.url), 'utf8');
const ASKED_ON = `timestamptz '2026-07-01T00:00:00Z'`;

/** The queries of the page by their number, with the day on which the company asks in place of today. */
const QUESTIONS = new Map(
  [...PAGE.matchAll(/^### (\d+)\. [^]*?```sql\n([^]*?);\n```/gm)].map(([, number = '', statement = '']) => [
    Number(number),
    statement.replaceAll('now()', ASKED_ON),
  ]),
);

let company: Company;
beforeAll(async () => {
  company = await firstHalfYear();
}, 180_000);
afterAll(() => company?.story.end());

type Answer = Array<Record<string, unknown>>;

async function answerTo(question: number): Promise<Answer> {
  const statement = QUESTIONS.get(question);
  if (statement === undefined) throw new Error(`docs/sql.md has no query under question ${question}`);
  const [row] = await company.story.service.db.query<Array<{ answer: Answer }>>(
    `SELECT coalesce(jsonb_agg(q), '[]') AS answer FROM (${statement}) AS q`,
  );
  return row?.answer ?? [];
}

/** Rows of one list of values each. */
const values = (answer: Answer, ...names: string[]): unknown[][] => answer.map((row) => names.map((name) => row[name]));

const months = ['2026-01-01', '2026-02-01', '2026-03-01', '2026-04-01', '2026-05-01', '2026-06-01'];
const byMonth = (answer: Answer, name: string): unknown[] => {
  expect(answer.map(({ month }) => month)).toEqual(months);
  return answer.map((row) => row[name]);
};

describe('the questions of the page', () => {
  it('are twenty', () => {
    expect([...QUESTIONS.keys()]).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
  });

  it('1: Ada 50, Ben 20, Cleo 360 a year, Gus two seats of 20; and Fay’s 45 euros, though late', async () => {
    expect(await answerTo(1)).toEqual([
      { currency: 'eur', mrr_minor: 4_500, subscriptions: 1 },
      { currency: 'usd', mrr_minor: 14_000, subscriptions: 4 },
    ]);
  });

  it('2: what came, grew, shrank, left and returned makes each month’s end', async () => {
    const answer = await answerTo(2);

    expect(byMonth(answer, 'start_minor')).toEqual([0, 7_000, 12_000, 10_000, 18_000, 16_000]);
    expect(byMonth(answer, 'new_minor')).toEqual([7_000, 5_000, 0, 8_000, 0, 0]);
    expect(byMonth(answer, 'expansion_minor')).toEqual([0, 0, 3_000, 0, 0, 0]);
    expect(byMonth(answer, 'churn_minor')).toEqual([0, 0, -5_000, 0, 0, -2_000]);
    expect(byMonth(answer, 'reactivation_minor')).toEqual([0, 0, 0, 0, 2_000, 0]);
    expect(byMonth(answer, 'contraction_minor')).toEqual([0, 0, 0, 0, -4_000, 0]);
    expect(byMonth(answer, 'end_minor')).toEqual([7_000, 12_000, 10_000, 18_000, 16_000, 14_000]);
  });

  it('1 and 2 agree: the subscriptions as they are, and the invoices’ periods', async () => {
    const [now] = (await answerTo(1)).filter(({ currency }) => currency === 'usd');
    const [last] = (await answerTo(2)).slice(-1);

    expect(last?.end_minor).toBe(now?.mrr_minor);
  });

  it('3: Ben of four customers in March, Dan of five in June', async () => {
    const answer = await answerTo(3);

    expect(byMonth(answer, 'customers_percent')).toEqual([null, 0, 25, 0, 0, 20]);
    expect(byMonth(answer, 'revenue_percent')).toEqual([null, 0, 41.7, 0, 0, 12.5]);
  });

  it('4: the average', async () => {
    const answer = await answerTo(4);

    expect(byMonth(answer, 'customers')).toEqual([2, 4, 3, 4, 5, 4]);
    expect(byMonth(answer, 'arpa_minor')).toEqual([3_500, 3_000, 3_333, 4_500, 3_200, 3_500]);
  });

  it('5: 35.00 a month, 2 of 18 customers’ months lost: nine months', async () => {
    expect(await answerTo(5)).toEqual([{ lifetime_value_minor: 31_500 }]);
  });

  it('6: January’s two, February’s two, Fay, Gus', async () => {
    expect(values(await answerTo(6), 'cohort', 'customers', 'after_1', 'after_2', 'after_3')).toEqual([
      ['2026-01-01', 2, 2, 1, 1],
      ['2026-02-01', 2, 2, 2, 2],
      ['2026-03-01', 1, 1, 1, 1],
      ['2026-04-01', 1, 1, 1, 0],
    ]);
  });

  it('7: March lost 50 and won 30 of 120', async () => {
    expect(values(await answerTo(7), 'month', 'retained_percent')).toEqual([
      ['2026-02-01', 100],
      ['2026-03-01', 83.3],
      ['2026-04-01', 100],
      ['2026-05-01', 77.8],
      ['2026-06-01', 87.5],
    ]);
  });

  it('8: Ada up in March, Gus down in May', async () => {
    expect(values(await answerTo(8), 'month', 'name', 'movement', 'amount_minor')).toEqual([
      ['2026-03-01', 'Ada', 'expansion', 3_000],
      ['2026-05-01', 'Gus', 'contraction', -4_000],
    ]);
  });

  it('9: Fay’s worn card, three months running', async () => {
    const answer = await answerTo(9);

    expect(values(answer, 'month', 'name', 'failure_code', 'amount_minor', 'currency')).toEqual(
      ['2026-04-01', '2026-05-01', '2026-06-01'].map((month) => [month, 'Fay', 'card_declined', 4_500, 'eur']),
    );
    expect(answer.every(({ attempts }) => attempts === 4)).toBe(true);
  });

  it('10: the prorations of Ada (21 of 31 days) and Gus (20 of 31) included', async () => {
    expect(values(await answerTo(10), 'name', 'currency', 'revenue_minor')).toEqual([
      ['Cleo', 'usd', 36_000],
      ['Ada', 'usd', 3 * 2_000 + 3_387 - 1_355 + 3 * 5_000],
      ['Gus', 'usd', 7_000 + 8_000 + 2_581 - 5_161 + 4_000],
      ['Ben', 'usd', 14_000],
      ['Dan', 'usd', 8_000],
      ['Fay', 'eur', 4_500],
      ['Eve', 'usd', 0],
    ]);
  });

  it('11: five dollars in February', async () => {
    expect(await answerTo(11)).toEqual([{ month: '2026-02-01', currency: 'usd', refunds: 1, refunded_minor: 500 }]);
  });

  it('12: one of April’s three', async () => {
    const answer = await answerTo(12);

    expect(byMonth(answer, 'payments')).toEqual([2, 4, 4, 3, 4, 3]);
    expect(byMonth(answer, 'lost')).toEqual([0, 0, 0, 1, 0, 0]);
    expect(byMonth(answer, 'percent')).toEqual([0, 0, 0, 33.33, 0, 0]);
  });

  it('13: Dan stayed, Eve did not', async () => {
    expect(values(await answerTo(13), 'month', 'trials', 'converted', 'percent')).toEqual([
      ['2026-02-01', 1, 1, 100],
      ['2026-03-01', 1, 0, 0],
    ]);
  });

  it('14: products, of which those who only tried are no customers', async () => {
    expect(values(await answerTo(14), 'name', 'currency', 'revenue_minor', 'customers')).toEqual([
      ['Pro', 'usd', 10_000 + 36_000 + 3_387 + 15_000, 3],
      ['Basic', 'usd', 6_000 - 1_355 + 8_000 + 4_000 + 16_420, 4],
      ['Pro', 'eur', 4_500, 1],
    ]);
  });

  it('15: a quarter of Cleo’s year, ten dollars of Gus’s first month', async () => {
    expect(values(await answerTo(15), 'month', 'discount_minor', 'percent')).toEqual([
      ['2026-02-01', 12_000, 25],
      ['2026-04-01', 1_000, 12.5],
    ]);
  });

  it('16: 2.9 % and 30 cents of each of 19 payments', async () => {
    expect(await answerTo(16)).toEqual([
      { currency: 'eur', payments: 1, settled_minor: 4_500, fee_minor: 161, percent: 3.58 },
      { currency: 'usd', payments: 19, settled_minor: 97_452, fee_minor: 3_396, percent: 3.48 },
    ]);
  });

  it('17: payments less fees, the refund, and the dispute with its own fee; a payout of a hundred dollars', async () => {
    const earned = 97_452 - 3_396 - 500 - 7_000 - 1_500;

    expect(
      values(await answerTo(17), 'currency', 'earned_minor', 'paid_out_minor', 'still_held_minor', 'unexplained_minor'),
    ).toEqual([
      ['eur', 4_339, 0, 4_339, 0],
      ['usd', earned, 10_000, earned - 10_000, 0],
    ]);
  });

  it('18: Hal’s workshop, due on 11 June', async () => {
    expect(values(await answerTo(18), 'name', 'currency', 'amount_remaining_minor', 'days_late')).toEqual([
      ['Hal', 'usd', 15_000, 20],
    ]);
  });

  it('19: those who are not late, and not yearly', async () => {
    expect(values(await answerTo(19), 'renews_on', 'name', 'monthly_minor')).toEqual([
      ['2026-07-01', 'Gus', 4_000],
      ['2026-07-10', 'Ada', 5_000],
      ['2026-07-20', 'Ben', 2_000],
    ]);
  });

  it('20: a fifth of Cleo’s 360', async () => {
    expect(await answerTo(20)).toEqual([
      { partner: company.partner, currency: 'usd', invoices: 1, revenue_minor: 36_000, commission_minor: 7_200 },
    ]);
  });
});
