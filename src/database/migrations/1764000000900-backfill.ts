import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Jobs that take in everything Stripe lists, their tasks, and what they did type by type. */
export class Backfill1764000000900 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE tributary.backfill (
        id text NOT NULL,
        workspace_id text NOT NULL,
        state text NOT NULL DEFAULT 'running',
        dry_run boolean NOT NULL,
        since timestamptz,
        types text[],
        account text,
        scope text NOT NULL,
        error text,
        worked_ms bigint NOT NULL DEFAULT 0,
        worked_at timestamptz,
        created_at timestamptz NOT NULL DEFAULT now(),
        finished_at timestamptz,
        CONSTRAINT backfill_pkey PRIMARY KEY (id),
        CONSTRAINT backfill_state CHECK (state IN ('running', 'done', 'failed', 'canceled')),
        CONSTRAINT backfill_finished CHECK ((state = 'running') = (finished_at IS NULL))
      )`);
    await runner.query(
      `CREATE UNIQUE INDEX backfill_running ON tributary.backfill (workspace_id, scope) WHERE state = 'running'`,
    );
    await runner.query(`CREATE INDEX backfill_created ON tributary.backfill (workspace_id, created_at, id)`);
    // A row is written with every page: room on its page keeps the new version beside the old one.
    await runner.query(`
      CREATE TABLE tributary.backfill_task (
        id bigint GENERATED ALWAYS AS IDENTITY,
        backfill_id text NOT NULL,
        account text NOT NULL,
        object_table text NOT NULL,
        rule integer NOT NULL,
        parent text,
        after_tables text[] NOT NULL,
        created_from bigint,
        created_to bigint,
        cursor jsonb,
        state text NOT NULL DEFAULT 'open',
        reason text,
        attempts integer NOT NULL DEFAULT 0,
        available_at timestamptz NOT NULL DEFAULT now(),
        lease_token text,
        leased_until timestamptz,
        requests bigint NOT NULL DEFAULT 0,
        remaining bigint,
        CONSTRAINT backfill_task_pkey PRIMARY KEY (id),
        CONSTRAINT backfill_task_of FOREIGN KEY (backfill_id) REFERENCES tributary.backfill (id) ON DELETE CASCADE,
        CONSTRAINT backfill_task_state CHECK (state IN ('open', 'done', 'skipped', 'failed'))
      ) WITH (fillfactor = 70)`);
    await runner.query(
      `CREATE INDEX backfill_task_open ON tributary.backfill_task (backfill_id, account, object_table) WHERE state = 'open'`,
    );
    await runner.query(`CREATE INDEX backfill_task_job ON tributary.backfill_task (backfill_id, id)`);
    await runner.query(`
      CREATE TABLE tributary.backfill_count (
        backfill_id text NOT NULL,
        object_table text NOT NULL,
        objects bigint NOT NULL DEFAULT 0,
        added bigint NOT NULL DEFAULT 0,
        changed bigint NOT NULL DEFAULT 0,
        unchanged bigint NOT NULL DEFAULT 0,
        deleted bigint NOT NULL DEFAULT 0,
        CONSTRAINT backfill_count_pkey PRIMARY KEY (backfill_id, object_table),
        CONSTRAINT backfill_count_of FOREIGN KEY (backfill_id) REFERENCES tributary.backfill (id) ON DELETE CASCADE
      ) WITH (fillfactor = 50)`);
    // What a dry run has met, until it ends.
    await runner.query(`
      CREATE TABLE tributary.backfill_seen (
        backfill_id text NOT NULL,
        object_table text NOT NULL,
        account text NOT NULL,
        id text NOT NULL,
        CONSTRAINT backfill_seen_pkey PRIMARY KEY (backfill_id, object_table, account, id)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(
      `DROP TABLE tributary.backfill_seen, tributary.backfill_count, tributary.backfill_task, tributary.backfill`,
    );
  }
}
