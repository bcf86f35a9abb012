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
];

const TABLES = ['exchange_rate_fixing', 'exchange_rate'];

/** What a program's promises rest on beside its terms: dated facts that people tell. */
export class ProgramFacts1764000001300 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of TABLES) await runner.query(`DROP TABLE tributary.${table}`);
  }
}
