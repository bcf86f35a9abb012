import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What keeps the mirror true, and what tells how true it is: the poller, verifications, the sweep, versions seen. */
export class Truth1764000001000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE tributary.refetch
        ADD COLUMN known jsonb,
        ADD COLUMN requested_at timestamptz NOT NULL DEFAULT now()`);
    await runner.query(`
      CREATE TABLE tributary.event_poll (
        workspace_id text NOT NULL,
        account text NOT NULL,
        source text NOT NULL,
        complete_until timestamptz,
        wide_until timestamptz,
        lost_from timestamptz,
        lost_until timestamptz,
        looks bigint NOT NULL DEFAULT 0,
        recovered bigint NOT NULL DEFAULT 0,
        recovered_last integer NOT NULL DEFAULT 0,
        recovered_at timestamptz,
        looked_at timestamptz,
        due_at timestamptz NOT NULL DEFAULT now(),
        lease_token text,
        error text,
        CONSTRAINT event_poll_source CHECK (source IN ('v1', 'v2')),
        CONSTRAINT event_poll_pkey PRIMARY KEY (workspace_id, account, source)
      )`);
    await runner.query(`
      CREATE TABLE tributary.api_version_seen (
        workspace_id text NOT NULL,
        api_version text NOT NULL,
        first_seen_at timestamptz NOT NULL DEFAULT now(),
        last_seen_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT api_version_seen_pkey PRIMARY KEY (workspace_id, api_version)
      )`);
    await runner.query(`
      CREATE TABLE tributary.verification (
        workspace_id text NOT NULL,
        id text NOT NULL,
        state text NOT NULL DEFAULT 'pending',
        account text NOT NULL DEFAULT '',
        types text[],
        sample integer,
        repair boolean NOT NULL DEFAULT false,
        result jsonb,
        error text,
        attempts integer NOT NULL DEFAULT 0,
        available_at timestamptz NOT NULL DEFAULT now(),
        lease_token text,
        created_at timestamptz NOT NULL DEFAULT now(),
        finished_at timestamptz,
        CONSTRAINT verification_state CHECK (state IN ('pending', 'done', 'failed')),
        CONSTRAINT verification_pkey PRIMARY KEY (workspace_id, id)
      )`);
    await runner.query(
      `CREATE INDEX verification_available ON tributary.verification (available_at) WHERE state = 'pending'`,
    );
    await runner.query(`
      CREATE TABLE tributary.sweep (
        workspace_id text NOT NULL,
        account text NOT NULL,
        object_table text NOT NULL,
        due_at timestamptz NOT NULL DEFAULT now(),
        lease_token text,
        started_at timestamptz,
        finished_at timestamptz,
        listed_at timestamptz,
        result jsonb,
        error text,
        CONSTRAINT sweep_pkey PRIMARY KEY (workspace_id, account, object_table)
      )`);
    // What one comparison has met so far. After a crash the comparison begins anew, so that nothing here needs to survive it.
    await runner.query(`
      CREATE UNLOGGED TABLE tributary.listed_object (
        run_id text NOT NULL,
        object_table text NOT NULL,
        object_id text NOT NULL,
        listed_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT listed_object_pkey PRIMARY KEY (run_id, object_table, object_id)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of ['listed_object', 'sweep', 'verification', 'api_version_seen', 'event_poll'])
      await runner.query(`DROP TABLE tributary.${table}`);
    await runner.query(`ALTER TABLE tributary.refetch DROP COLUMN requested_at, DROP COLUMN known`);
  }
}
