import type { MigrationInterface, QueryRunner } from 'typeorm';

const STATEMENTS = [
  `CREATE TABLE tributary.partner_group (
    workspace_id text NOT NULL,
    key text NOT NULL,
    name text NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, key))`,
  `CREATE TABLE tributary.partner_group_member (
    workspace_id text NOT NULL,
    partner_id text NOT NULL,
    seq integer NOT NULL,
    group_key text,
    effective_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, partner_id, seq))`,
  `CREATE INDEX partner_group_member_group ON tributary.partner_group_member (workspace_id, group_key, partner_id)`,
  `CREATE TABLE tributary.terms_override (
    workspace_id text NOT NULL,
    program_id text NOT NULL,
    scope text NOT NULL CONSTRAINT terms_override_scope CHECK (scope IN ('group', 'partner', 'code')),
    scope_id text NOT NULL,
    version integer NOT NULL,
    effective_at timestamptz NOT NULL,
    rules jsonb,
    caps jsonb,
    hold_days integer,
    counts_by text[] NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, program_id, scope, scope_id, version))`,
];

const TABLES = ['terms_override', 'partner_group_member', 'partner_group'];

/** Groups of partners, and what programs say of a group, a partner or a code in place of what they say of everyone. */
export class PartnerTerms1764000001710 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of TABLES) await runner.query(`DROP TABLE tributary.${table}`);
  }
}
