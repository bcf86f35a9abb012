import type { MigrationInterface, QueryRunner } from 'typeorm';

const STATEMENTS = [
  `CREATE TABLE tributary.exchange_rate (
    workspace_id text NOT NULL,
    id text NOT NULL,
    base text NOT NULL,
    quote text NOT NULL,
    rate text NOT NULL,
    effective_at timestamptz NOT NULL,
    source text NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, id))`,
  `CREATE UNIQUE INDEX exchange_rate_moment ON tributary.exchange_rate (workspace_id, base, quote, effective_at)`,
  `CREATE TABLE tributary.exchange_rate_fixing (
    workspace_id text NOT NULL,
    source text NOT NULL,
    account text NOT NULL,
    source_id text NOT NULL,
    quote text NOT NULL,
    rate_id text NOT NULL,
    fixed_at timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, source, account, source_id, quote))`,
  `CREATE TABLE tributary.attribution_by_hand (
    workspace_id text NOT NULL,
    id text NOT NULL,
    program_id text NOT NULL,
    customer_id text NOT NULL,
    partner_id text NOT NULL,
    code_id text NOT NULL,
    effective_at timestamptz NOT NULL,
    reason text NOT NULL,
    made_by text NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, id))`,
  `CREATE INDEX attribution_by_hand_customer ON tributary.attribution_by_hand (workspace_id, customer_id, program_id, effective_at)`,
  `CREATE TABLE tributary.referral_program_state (
    workspace_id text NOT NULL,
    program_id text NOT NULL,
    seq integer NOT NULL,
    state text NOT NULL,
    effective_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, program_id, seq))`,
  `CREATE TABLE tributary.partner_standing (
    workspace_id text NOT NULL,
    partner_id text NOT NULL,
    seq integer NOT NULL,
    active boolean NOT NULL,
    effective_at timestamptz NOT NULL,
    reason text,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, partner_id, seq))`,
  `CREATE TABLE tributary.customer_exemption (
    workspace_id text NOT NULL,
    customer_id text NOT NULL,
    object_ids jsonb NOT NULL,
    PRIMARY KEY (workspace_id, customer_id))`,
];

const TABLES = [
  'customer_exemption',
  'partner_standing',
  'referral_program_state',
  'attribution_by_hand',
  'exchange_rate_fixing',
  'exchange_rate',
];

/** What a program's promises rest on beside its terms: dated facts that people tell. */
export class ProgramFacts1764000001300 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of TABLES) await runner.query(`DROP TABLE tributary.${table}`);
  }
}
