import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Access1764000000100 implements MigrationInterface {
  readonly name = 'Access1764000000100';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE SCHEMA IF NOT EXISTS tributary`);
    await runner.query(`
      CREATE TABLE tributary.workspace (
        id text NOT NULL,
        name text NOT NULL,
        livemode boolean NOT NULL,
        stripe_account_id text,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT workspace_pkey PRIMARY KEY (id)
      )`);
    await runner.query(`
      CREATE TABLE tributary.api_key (
        key_id text NOT NULL,
        workspace_id text NOT NULL,
        secret_hash bytea NOT NULL,
        name text NOT NULL,
        scopes text[] NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        expires_at timestamptz,
        revoked_at timestamptz,
        last_used_at timestamptz,
        CONSTRAINT api_key_pkey PRIMARY KEY (key_id)
      )`);
    await runner.query(`CREATE INDEX api_key_workspace_idx ON tributary.api_key (workspace_id, key_id)`);
    await runner.query(`
      CREATE UNLOGGED TABLE tributary.rate_counter (
        bucket text NOT NULL,
        window_start timestamptz NOT NULL,
        hits integer NOT NULL,
        CONSTRAINT rate_counter_pkey PRIMARY KEY (bucket, window_start)
      )`);
    await runner.query(`CREATE INDEX rate_counter_window_idx ON tributary.rate_counter (window_start)`);
    await runner.query(`
      CREATE TABLE tributary.idempotency_key (
        workspace_id text NOT NULL,
        operation text NOT NULL,
        key text NOT NULL,
        request_hash bytea NOT NULL,
        state text NOT NULL,
        lease_token text,
        lease_until timestamptz,
        answer text,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT idempotency_key_pkey PRIMARY KEY (workspace_id, operation, key)
      )`);
    await runner.query(`CREATE INDEX idempotency_key_created_idx ON tributary.idempotency_key (created_at)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(
      `DROP TABLE tributary.idempotency_key, tributary.rate_counter, tributary.api_key, tributary.workspace`,
    );
  }
}
