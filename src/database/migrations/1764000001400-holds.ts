import type { MigrationInterface, QueryRunner } from 'typeorm';

const STATEMENTS = [
  `CREATE TABLE tributary.commission_decision (
    workspace_id text NOT NULL,
    id text NOT NULL,
    commission_id text NOT NULL,
    sale_id text NOT NULL,
    program_id text NOT NULL,
    partner_id text NOT NULL,
    rule text NOT NULL,
    decision text NOT NULL,
    reason text NOT NULL,
    reasons jsonb NOT NULL,
    decided_by text NOT NULL,
    decided_at timestamptz NOT NULL,
    CONSTRAINT commission_decision_kind CHECK (decision IN ('released', 'rejected')),
    PRIMARY KEY (workspace_id, id))`,
  `CREATE INDEX commission_decision_sale ON tributary.commission_decision (workspace_id, sale_id, decided_at, id)`,
];

const TABLES = ['commission_decision'];

/** What people decide of held commissions. */
export class Holds1764000001400 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of TABLES) await runner.query(`DROP TABLE tributary.${table}`);
  }
}
