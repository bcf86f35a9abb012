import type { MigrationInterface, QueryRunner } from 'typeorm';

const UP = [
  `CREATE TABLE tributary.program_discount (
    workspace_id text NOT NULL,
    program_id text NOT NULL,
    version integer NOT NULL,
    set_at timestamptz NOT NULL,
    stripe_coupon_id text,
    terms jsonb,
    made_at timestamptz,
    CONSTRAINT program_discount_terms CHECK (terms IS NULL OR stripe_coupon_id IS NOT NULL),
    CONSTRAINT program_discount_made CHECK (made_at IS NULL OR terms IS NOT NULL),
    PRIMARY KEY (workspace_id, program_id, version))`,
  `CREATE INDEX program_discount_coupon ON tributary.program_discount (workspace_id, stripe_coupon_id)`,
];

/** What the new customers of a program get. */
export class ProgramDiscounts1764000002100 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of UP) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE tributary.program_discount`);
  }
}
