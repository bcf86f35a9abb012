import type { MigrationInterface, QueryRunner } from 'typeorm';

const UP = [
  `ALTER TABLE tributary.api_key
     ADD COLUMN partner_id text,
     ADD COLUMN customer_names boolean NOT NULL DEFAULT false`,
  `CREATE INDEX api_key_partner_idx ON tributary.api_key (workspace_id, partner_id, key_id)`,
  `CREATE TABLE tributary.payout_request (
    workspace_id text NOT NULL,
    id text NOT NULL,
    partner_id text NOT NULL,
    currency text NOT NULL,
    payable_minor bigint NOT NULL,
    obstacles jsonb NOT NULL,
    requested_at timestamptz NOT NULL,
    closed_at timestamptz,
    closed_by text,
    closed_reason text,
    CONSTRAINT payout_request_closed CHECK ((closed_at IS NULL) = (closed_by IS NULL)),
    PRIMARY KEY (workspace_id, id))`,
  // One open request per partner and currency.
  `CREATE UNIQUE INDEX payout_request_open ON tributary.payout_request (workspace_id, partner_id, currency) WHERE closed_at IS NULL`,
  `CREATE INDEX payout_request_partner ON tributary.payout_request (workspace_id, partner_id, id)`,
];

const DOWN = [
  `DROP TABLE tributary.payout_request`,
  `DROP INDEX tributary.api_key_partner_idx`,
  `ALTER TABLE tributary.api_key DROP COLUMN partner_id, DROP COLUMN customer_names`,
];

/** Tokens by which partners read what is theirs, and their asking for a payout. */
export class PartnerPortal1764000001800 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of UP) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const statement of DOWN) await runner.query(statement);
  }
}
