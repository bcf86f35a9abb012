import { LEAD_KINDS } from '../referrals/rules/reward-rule.js';
import type { Columns, Cut } from './cut.js';

/** What can be counted or summed; those that end in `Minor` are money, and told per currency. */
export const FIGURES = [
  'clicks',
  'signUps',
  'conversions',
  'sales',
  'revenueMinor',
  'earnedMinor',
  'reversedMinor',
  'rejectedMinor',
  'netMinor',
  'openingMinor',
  'heldMinor',
  'paidMinor',
] as const;
export type Figure = (typeof FIGURES)[number];

/** One figure of one period, key and currency. The value comes as text, from 64-bit sums. */
export interface FigureRow {
  period: string | null;
  key: string | null;
  currency: string | null;
  figure: Figure;
  value: string;
}

const tracking = (at: string): Columns => {
  return { workspace: 't.workspace_id', at, program: 't.program_id', partner: 't.partner_id', code: 't.code_id' };
};
const COMMISSION: Columns = {
  ...{ workspace: 'c.workspace_id', at: 'c.occurred_at' },
  ...{ program: 'c.program_id', partner: 'c.partner_id', code: 'c.code_id' },
};
const ENTRY: Columns = {
  ...COMMISSION,
  workspace: 'e.workspace_id',
  at: 'e.occurred_at',
  program: 'e.program_id',
  partner: 'e.partner_id',
};

/** Clicks of people. A second person's sign-up by the same click repeats it and is left out. */
function clicks(cut: Cut): string {
  const columns = tracking('t.clicked_at');
  return `
    SELECT ${cut.period(columns)} AS period, ${cut.key(columns)} AS key, NULL AS currency, 'clicks' AS figure, count(*)::numeric AS value
      FROM tributary.referral_tracking t WHERE ${cut.where(columns)} AND t.visitor = 'person' AND t.click_id IS NULL
     GROUP BY 1, 2`;
}

/** Persons who signed up, each once for a code, at the first time. */
function signUps(cut: Cut): string {
  const columns = tracking('t.signed_up_at');
  return `
    SELECT ${cut.period(columns)} AS period, ${cut.key(columns)} AS key, NULL AS currency, 'signUps' AS figure, count(*)::numeric AS value
      FROM tributary.referral_tracking t WHERE ${cut.where(columns)} AND t.signed_up_at IS NOT NULL
       AND NOT EXISTS (SELECT 1 FROM tributary.referral_tracking o
                        WHERE o.workspace_id = t.workspace_id AND o.customer_id = t.customer_id AND o.code_id = t.code_id
                          AND (o.signed_up_at, o.id) < (t.signed_up_at, t.id))
     GROUP BY 1, 2`;
}

/** Sign-ups and trials that earn are kept like sales, with no money in them. */
export const isNoLead = (sale: string): string =>
  `${sale}.source NOT IN (${LEAD_KINDS.map((kind) => `'${kind}'`).join()})`;

/** Persons with the first sale that earned in a program, one row each. */
export function firstSales(cut: Cut): string {
  return `
    SELECT DISTINCT ${cut.period(COMMISSION)} AS period, ${cut.key(COMMISSION)} AS key,
           c.workspace_id, c.program_id, c.customer_id, c.code_id, c.occurred_at
      FROM tributary.commission c
      JOIN tributary.sale s ON s.workspace_id = c.workspace_id AND s.id = c.sale_id AND ${isNoLead('s')}
     WHERE ${cut.where(COMMISSION)} AND c.status <> 'superseded'
       AND NOT EXISTS (SELECT 1 FROM tributary.commission o
                         JOIN tributary.sale sold ON sold.workspace_id = o.workspace_id AND sold.id = o.sale_id AND ${isNoLead('sold')}
                        WHERE o.workspace_id = c.workspace_id AND o.customer_id = c.customer_id AND o.program_id = c.program_id
                          AND o.status <> 'superseded' AND (o.occurred_at, o.sale_id) < (c.occurred_at, c.sale_id))`;
}

function conversions(cut: Cut): string {
  return `
    SELECT period, key, NULL AS currency, 'conversions' AS figure, count(*)::numeric AS value
      FROM (${firstSales(cut)}) AS first GROUP BY 1, 2`;
}

/** Sales that earned, each once for a key, and what was collected for them. */
function sales(cut: Cut): string {
  return `
    SELECT summed.period, summed.key, summed.currency, told.figure, told.value
      FROM (SELECT d.period, d.key, s.currency, count(*)::numeric AS sales, sum(s.cash_minor) AS revenue
              FROM (SELECT DISTINCT ${cut.period(COMMISSION)} AS period, ${cut.key(COMMISSION)} AS key, c.workspace_id, c.sale_id
                      FROM tributary.commission c WHERE ${cut.where(COMMISSION)} AND c.status <> 'superseded') AS d
              JOIN tributary.sale s ON s.workspace_id = d.workspace_id AND s.id = d.sale_id AND ${isNoLead('s')}
             GROUP BY 1, 2, 3) AS summed
     CROSS JOIN LATERAL (VALUES ('sales', summed.sales), ('revenueMinor', summed.revenue)) AS told (figure, value)`;
}

const withCommission = (cut: Cut): string =>
  cut.needsCode ? 'LEFT JOIN tributary.commission c ON c.workspace_id = e.workspace_id AND c.id = e.commission_id' : '';

/** What the ledger's entries say: the expense side has every change of what is owed and no move between accounts. */
function earnings(cut: Cut): string {
  const owed = (condition: string): string =>
    `coalesce(-sum(e.amount_minor) FILTER (WHERE e.account = 'expense' AND e.kind ${condition}), 0)`;
  return `
    SELECT summed.period, summed.key, summed.currency, told.figure, told.value
      FROM (SELECT ${cut.period(ENTRY)} AS period, ${cut.key(ENTRY)} AS key, e.currency,
                   ${owed(`NOT IN ('reversal', 'reinstatement', 'rejection', 'opening_balance')`)} AS earned,
                   -${owed(`IN ('reversal', 'reinstatement')`)} AS reversed,
                   -${owed(`= 'rejection'`)} AS rejected,
                   ${owed(`= 'opening_balance'`)} AS opening,
                   coalesce(sum(e.amount_minor) FILTER (WHERE e.account = 'held'), 0) AS held
              FROM tributary.ledger_entry e ${withCommission(cut)}
             WHERE ${cut.where(ENTRY)} AND e.account IN ('expense', 'held')
             GROUP BY 1, 2, 3) AS summed
     CROSS JOIN LATERAL (VALUES ('earnedMinor', earned), ('reversedMinor', reversed), ('rejectedMinor', rejected),
       ('netMinor', earned - reversed - rejected), ('openingMinor', opening), ('heldMinor', held)) AS told (figure, value)`;
}

/**
 * What was paid out, less what came back. By program or code it is the sum of the payouts' lines; what comes back of a
 * payout is of no program.
 */
function paid(cut: Cut): string {
  if (!cut.needsProgram)
    return `
    SELECT ${cut.period(ENTRY)} AS period, ${cut.key(ENTRY)} AS key, e.currency, 'paidMinor' AS figure, sum(e.amount_minor) AS value
      FROM tributary.ledger_entry e WHERE ${cut.where(ENTRY)} AND e.account = 'paid' GROUP BY 1, 2, 3`;
  const line: Columns = { ...ENTRY, workspace: 'p.workspace_id', at: 'p.occurred_at', partner: 'p.partner_id' };
  const back: Columns = { ...ENTRY, code: 'NULL::text' };
  return `
    SELECT period, key, currency, 'paidMinor' AS figure, sum(amount_minor) AS value
      FROM (SELECT ${cut.period(line)} AS period, ${cut.key(line)} AS key, e.currency, r.amount_minor
              FROM tributary.ledger_entry p
              JOIN tributary.ledger_transaction t ON t.workspace_id = p.workspace_id AND t.id = p.transaction_id
              JOIN tributary.ledger_reservation r ON r.workspace_id = t.workspace_id AND r.payout_id = t.payout_id AND r.released_at IS NULL
              JOIN tributary.ledger_entry e ON e.workspace_id = r.workspace_id AND e.id = r.entry_id
              ${withCommission(cut)}
             WHERE ${cut.where(line)} AND p.account = 'paid' AND p.kind = 'pay'
             UNION ALL
            SELECT ${cut.period(back)}, ${cut.key(back)}, e.currency, e.amount_minor
              FROM tributary.ledger_entry e WHERE ${cut.where(back)} AND e.account = 'paid' AND e.kind <> 'pay') AS moved
     GROUP BY 1, 2, 3`;
}

/** Every figure, in one statement and so of one moment. */
export function allFigures(cut: Cut): string {
  return [clicks, signUps, conversions, sales, earnings, paid].map((figures) => figures(cut)).join('\n UNION ALL ');
}

const STATEMENTS: Record<Figure, (cut: Cut) => string> = {
  clicks,
  signUps,
  conversions,
  sales,
  revenueMinor: sales,
  earnedMinor: earnings,
  reversedMinor: earnings,
  rejectedMinor: earnings,
  netMinor: earnings,
  openingMinor: earnings,
  heldMinor: earnings,
  paidMinor: paid,
};

/** The statement that has the figure, beside those that are made with it. */
export const statementOf = (figure: Figure, cut: Cut): string => STATEMENTS[figure](cut);
