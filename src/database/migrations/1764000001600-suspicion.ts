import type { MigrationInterface, QueryRunner } from 'typeorm';

const UP = [
  `CREATE TABLE tributary.suspicion (
    workspace_id text NOT NULL,
    commission_id text NOT NULL,
    rule text NOT NULL,
    evidence jsonb NOT NULL,
    holds boolean NOT NULL,
    found_at timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, commission_id, rule))`,
  `CREATE TABLE tributary.partner_allowance (
    workspace_id text NOT NULL,
    id text NOT NULL,
    partner_id text NOT NULL,
    checks jsonb NOT NULL,
    reason text NOT NULL,
    allowed_by text NOT NULL,
    effective_at timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, id))`,
  `CREATE INDEX partner_allowance_partner ON tributary.partner_allowance (workspace_id, partner_id, effective_at, id)`,
  `ALTER TABLE tributary.referral_program_version ADD COLUMN suspicion jsonb`,
  // What was sold before anybody was asked about it is not looked at.
  `UPDATE tributary.referral_program_version SET suspicion = '{"mode":"off","signUpsPerAddress":0,"signUpsPerCode":0,"signUpsPerPartner":0,"refundRateBps":0,"secondsToSale":0}'`,
  `ALTER TABLE tributary.referral_program_version ALTER COLUMN suspicion SET NOT NULL`,
  `CREATE INDEX referral_tracking_address ON tributary.referral_tracking (workspace_id, ip_hash) WHERE ip_hash IS NOT NULL`,
];

const DOWN = [
  `DROP INDEX tributary.referral_tracking_address`,
  `ALTER TABLE tributary.referral_program_version DROP COLUMN suspicion`,
  `DROP TABLE tributary.partner_allowance`,
  `DROP TABLE tributary.suspicion`,
];

/** What is looked at when something is sold, what was found, and who is allowed it. */
export class Suspicion1764000001600 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of UP) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const statement of DOWN) await runner.query(statement);
  }
}
