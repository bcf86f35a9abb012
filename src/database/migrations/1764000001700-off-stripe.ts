import type { MigrationInterface, QueryRunner } from 'typeorm';

const UP = [
  `CREATE TABLE tributary.off_stripe_amount (
    workspace_id text NOT NULL,
    account text NOT NULL,
    invoice_id text NOT NULL,
    amount_minor bigint NOT NULL,
    told_at timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, account, invoice_id))`,
  `ALTER TABLE tributary.commission DROP CONSTRAINT commission_status`,
  `ALTER TABLE tributary.commission ADD CONSTRAINT commission_status
     CHECK (status IN ('posted', 'pending_fx', 'pending_cash', 'superseded'))`,
];

const DOWN = [
  `ALTER TABLE tributary.commission DROP CONSTRAINT commission_status`,
  `ALTER TABLE tributary.commission ADD CONSTRAINT commission_status CHECK (status IN ('posted', 'pending_fx', 'superseded'))`,
  `DROP TABLE tributary.off_stripe_amount`,
];

/** What of an invoice was paid out of band, and commissions that wait to know it. */
export class OffStripe1764000001700 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of UP) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const statement of DOWN) await runner.query(statement);
  }
}
