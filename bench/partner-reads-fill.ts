import type pg from 'pg';

export const PARTNERS = 1_000;
const MONTHS = 24;
const SALES_PER_CUSTOMER = 5;
/** One in so many sales is refunded by half. */
const REFUNDED_EACH = 10;

/**
 * Two years of a program: a click, a sale and a commission for each of `commissions`, a sign-up for each customer. A tenth of
 * it all is the first partner's, the later ones have ever less. Partners are `partner_1` and so on, codes `BENCH-1`.
 */
export async function fillProgram(db: pg.Client, programKey: string, commissions: number): Promise<void> {
  await db.query(
    `CREATE TEMPORARY TABLE told AS
     SELECT n, 1 + floor(${PARTNERS} * power((n / ${SALES_PER_CUSTOMER} * 7919 % 100003) / 100003.0, 3))::int AS partner, n / ${SALES_PER_CUSTOMER} AS customer,
            now() - make_interval(secs => (1 - n::float8 / ${commissions}) * ${MONTHS} * 30 * 86400) AS at, p.workspace_id, p.id AS program_id
       FROM generate_series(1, ${commissions}) AS n CROSS JOIN tributary.referral_program p WHERE p.key = '${programKey}'`,
  );
  for (const statement of STATEMENTS) await db.query(statement);
  await db.query('VACUUM ANALYZE');
}

const OF_PARTNERS = `FROM generate_series(1, ${PARTNERS}) AS n CROSS JOIN (SELECT DISTINCT workspace_id, program_id FROM told) AS t`;
const LINES = `(VALUES ('earned', 1), ('expense', -1)) AS line (account, sign)`;

const STATEMENTS: readonly string[] = [
  `INSERT INTO tributary.partner (workspace_id, id, external_id, name, created_at)
   SELECT workspace_id, 'partner_' || n, 'user_' || n, 'Partner ' || n, now() ${OF_PARTNERS}`,
  `INSERT INTO tributary.referral_code (workspace_id, id, code, code_key, program_id, partner_id, created_at)
   SELECT workspace_id, 'code_' || n, 'BENCH-' || n, 'BENCH-' || n, program_id, 'partner_' || n, now() ${OF_PARTNERS}`,
  `INSERT INTO tributary.referral_code_name (workspace_id, code_key, code_id, code, given_at)
   SELECT workspace_id, code_key, id, code, created_at FROM tributary.referral_code`,
  `INSERT INTO tributary.referred_customer (workspace_id, id, external_id, created_at)
   SELECT workspace_id, 'customer_' || customer, 'person_' || customer, min(at) FROM told GROUP BY workspace_id, customer`,
  `INSERT INTO tributary.referral_tracking (workspace_id, id, program_id, partner_id, code_id, clicked_at, visitor, customer_id, signed_up_at, created_at)
   SELECT workspace_id, 'click_' || n, program_id, 'partner_' || partner, 'code_' || partner, at - interval '1 day', 'person',
          CASE WHEN n % ${SALES_PER_CUSTOMER} = 0 THEN 'customer_' || customer END, CASE WHEN n % ${SALES_PER_CUSTOMER} = 0 THEN at END, at - interval '1 day'
     FROM told`,
  `INSERT INTO tributary.sale (workspace_id, id, source, account, source_id, customer_id, currency, cash_minor, occurred_at, created_at)
   SELECT workspace_id, 'sale_' || n, 'external', '', 'order_' || n, 'customer_' || customer, 'usd', 10000, at, at FROM told`,
  `INSERT INTO tributary.commission (workspace_id, id, program_id, program_version, partner_id, customer_id, sale_id, code_id, rule, status,
     currency, amount_minor, occurred_at, due_at, explanation, holds, created_at)
   SELECT workspace_id, 'commission_' || n, program_id, 1, 'partner_' || partner, 'customer_' || customer, 'sale_' || n, 'code_' || partner, 'reward',
          'posted', 'usd', 2000, at, at + interval '30 days', '{}', '[]', at FROM told`,
  `INSERT INTO tributary.ledger_transaction (workspace_id, id, kind, fact_key, occurred_at, posted_at, commission_id, cause)
   SELECT workspace_id, 'ledgertx_' || n, 'earning', 'earning:' || n, at, at, 'commission_' || n, '{}'::jsonb FROM told
    UNION ALL
   SELECT workspace_id, 'ledgertx_back_' || n, 'reversal', 'reversal:' || n, at, at, 'commission_' || n, '{}'::jsonb FROM told WHERE n % ${REFUNDED_EACH} = 0`,
  `INSERT INTO tributary.ledger_entry (workspace_id, id, transaction_id, account, partner_id, program_id, commission_id, currency, amount_minor,
     due_at, payable, kind, occurred_at)
   SELECT workspace_id, 'entry_' || n || account, 'ledgertx_' || n, account, 'partner_' || partner, program_id, 'commission_' || n, 'usd', sign * 2000,
          CASE WHEN account = 'earned' THEN at + interval '30 days' END, account = 'earned', 'earning', at
     FROM told CROSS JOIN ${LINES}
    UNION ALL
   SELECT workspace_id, 'entry_back_' || n || account, 'ledgertx_back_' || n, account, 'partner_' || partner, program_id, 'commission_' || n, 'usd',
          sign * -1000, CASE WHEN account = 'earned' THEN at + interval '30 days' END, account = 'earned', 'reversal', at
     FROM told CROSS JOIN ${LINES} WHERE n % ${REFUNDED_EACH} = 0`,
];
