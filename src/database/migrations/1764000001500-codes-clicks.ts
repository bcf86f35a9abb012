import type { MigrationInterface, QueryRunner } from 'typeorm';

const UP = [
  `CREATE TABLE tributary.referral_code_name (
    workspace_id text NOT NULL,
    code_key text NOT NULL,
    code_id text NOT NULL,
    code text NOT NULL,
    given_at timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, code_key))`,
  `CREATE INDEX referral_code_name_code ON tributary.referral_code_name (workspace_id, code_id)`,
  `INSERT INTO tributary.referral_code_name (workspace_id, code_key, code_id, code, given_at)
     SELECT workspace_id, code_key, id, code, created_at FROM tributary.referral_code`,
  `ALTER TABLE tributary.referral_code
     ADD COLUMN status_reason text,
     ADD COLUMN status_changed_at timestamptz`,
  `CREATE TABLE tributary.referral_code_status (
    workspace_id text NOT NULL,
    code_id text NOT NULL,
    effective_at timestamptz NOT NULL,
    active boolean NOT NULL,
    PRIMARY KEY (workspace_id, code_id, effective_at))`,
  `CREATE TABLE tributary.referral_code_refusal (
    workspace_id text NOT NULL,
    code_id text NOT NULL,
    customer_id text NOT NULL,
    refused_at timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, code_id, customer_id))`,
  `CREATE TABLE tributary.code_promotion (
    workspace_id text NOT NULL,
    code_id text NOT NULL,
    stripe_coupon_id text,
    revision integer NOT NULL,
    due_at timestamptz,
    attempts integer NOT NULL,
    error text,
    PRIMARY KEY (workspace_id, code_id))`,
  `CREATE INDEX code_promotion_due ON tributary.code_promotion (due_at) WHERE due_at IS NOT NULL`,
  `CREATE TABLE tributary.code_promotion_made (
    workspace_id text NOT NULL,
    id text NOT NULL,
    code_id text NOT NULL,
    revision integer NOT NULL,
    made_at timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, id))`,
  `CREATE INDEX code_promotion_made_code ON tributary.code_promotion_made (workspace_id, code_id)`,
  `ALTER TABLE tributary.referral_tracking
     ADD COLUMN visitor text,
     ADD COLUMN consent boolean,
     ADD COLUMN ip_hash text,
     ADD COLUMN agent_hash text,
     ADD COLUMN utm jsonb`,
  `UPDATE tributary.referral_tracking SET visitor = 'person' WHERE clicked_at IS NOT NULL`,
  `CREATE TABLE tributary.click_salt (
    workspace_id text NOT NULL,
    day date NOT NULL,
    salt text NOT NULL,
    PRIMARY KEY (workspace_id, day))`,
];

const DOWN = [
  `DROP TABLE tributary.click_salt`,
  `ALTER TABLE tributary.referral_tracking
     DROP COLUMN visitor, DROP COLUMN consent, DROP COLUMN ip_hash, DROP COLUMN agent_hash, DROP COLUMN utm`,
  `DROP TABLE tributary.code_promotion_made`,
  `DROP TABLE tributary.code_promotion`,
  `DROP TABLE tributary.referral_code_refusal`,
  `DROP TABLE tributary.referral_code_status`,
  `ALTER TABLE tributary.referral_code DROP COLUMN status_reason, DROP COLUMN status_changed_at`,
  `DROP TABLE tributary.referral_code_name`,
];

/** Codes keep their old names, stand at Stripe as promotion codes, and clicks tell more of themselves. */
export class CodesClicks1764000001500 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of UP) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const statement of DOWN) await runner.query(statement);
  }
}
