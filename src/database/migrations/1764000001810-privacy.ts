import type { MigrationInterface, QueryRunner } from 'typeorm';

const UP = [
  `CREATE TABLE tributary.erasure_salt (
    workspace_id text NOT NULL,
    salt text NOT NULL,
    PRIMARY KEY (workspace_id))`,
  `CREATE TABLE tributary.person_erasure (
    workspace_id text NOT NULL,
    customer_id text NOT NULL,
    external_id_hash text,
    mailboxes text[] NOT NULL,
    erased_at timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, customer_id))`,
  `CREATE INDEX person_erasure_external ON tributary.person_erasure (workspace_id, external_id_hash)`,
  `CREATE TABLE tributary.privacy_request (
    workspace_id text NOT NULL,
    id text NOT NULL,
    kind text NOT NULL,
    customer_id text NOT NULL,
    made_by text NOT NULL,
    made_at timestamptz NOT NULL,
    CONSTRAINT privacy_request_kind CHECK (kind IN ('export', 'erasure')),
    PRIMARY KEY (workspace_id, id))`,
  `CREATE INDEX privacy_request_customer ON tributary.privacy_request (workspace_id, customer_id, id)`,
  `CREATE FUNCTION tributary.refuse_privacy_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      RAISE EXCEPTION 'what was asked about persons is append-only: % of % is refused', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
    END $$`,
  `CREATE TRIGGER privacy_request_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON tributary.privacy_request
    FOR EACH STATEMENT EXECUTE FUNCTION tributary.refuse_privacy_change()`,
];

const DOWN = [
  `DROP TABLE tributary.privacy_request, tributary.person_erasure, tributary.erasure_salt`,
  `DROP FUNCTION tributary.refuse_privacy_change()`,
];

/** Which persons are erased, so that nothing brings them back, and who asked for it. */
export class Privacy1764000001810 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of UP) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const statement of DOWN) await runner.query(statement);
  }
}
