import type { MigrationInterface, QueryRunner } from 'typeorm';

const TOLD = ['tributary.referral_program_version', 'tributary.terms_override'];

const UP = [
  `CREATE TABLE tributary.lead_claim (
    workspace_id text NOT NULL,
    mailbox text NOT NULL,
    program_id text NOT NULL,
    kind text NOT NULL,
    customer_id text NOT NULL,
    at timestamptz NOT NULL,
    source_id text NOT NULL,
    PRIMARY KEY (workspace_id, mailbox, program_id, kind, customer_id))`,
  `CREATE INDEX lead_claim_customer ON tributary.lead_claim (workspace_id, customer_id)`,
  // What was told before there were leads is earned by sales.
  ...TOLD.map(
    (table) => `UPDATE ${table} SET rules = (
     SELECT coalesce(jsonb_agg('{"on":"sale"}' || rule ORDER BY n), '[]') FROM jsonb_array_elements(rules) WITH ORDINALITY AS told(rule, n))
      WHERE rules IS NOT NULL`,
  ),
];

const DOWN = [
  ...TOLD.map(
    (table) => `UPDATE ${table} SET rules = (
     SELECT coalesce(jsonb_agg(rule - 'on' ORDER BY n), '[]') FROM jsonb_array_elements(rules) WITH ORDINALITY AS told(rule, n))
      WHERE rules IS NOT NULL`,
  ),
  `DROP TABLE tributary.lead_claim`,
];

/** Sign-ups and trials earn, each once for a person. */
export class Leads1764000001750 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of UP) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const statement of DOWN) await runner.query(statement);
  }
}
