import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Inbox1764000000300 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE TABLE tributary.webhook_event (
      workspace_id text NOT NULL,
      created timestamptz NOT NULL,
      id text NOT NULL,
      endpoint_id text NOT NULL,
      account text NOT NULL,
      livemode boolean NOT NULL,
      type text NOT NULL,
      api_version text,
      object_id text,
      body text,
      state text NOT NULL,
      attempts integer NOT NULL DEFAULT 0,
      available_at timestamptz NOT NULL DEFAULT now(),
      lease_token text,
      error text,
      received_at timestamptz NOT NULL DEFAULT now(),
      applied_at timestamptz,
      CONSTRAINT webhook_event_state CHECK (state IN ('pending', 'applied', 'parked', 'quarantined')),
      PRIMARY KEY (workspace_id, created, id)
    ) PARTITION BY RANGE (created)`);
    // Months get partitions of their own ahead of time; whatever falls outside (a virtual clock, a very old event) lands here.
    await runner.query(
      `CREATE TABLE tributary.webhook_event_rest PARTITION OF tributary.webhook_event DEFAULT WITH (fillfactor = 60, toast_tuple_target = 256)`,
    );
    await runner.query(
      `CREATE INDEX webhook_event_object ON tributary.webhook_event (workspace_id, object_id, created)`,
    );
    await runner.query(
      `CREATE INDEX webhook_event_claimable ON tributary.webhook_event (received_at) WHERE state = 'pending'`,
    );
    await runner.query(
      `CREATE INDEX webhook_event_listed ON tributary.webhook_event (workspace_id, state, created, id)`,
    );
    await runner.query(`CREATE TABLE tributary.webhook_endpoint (
      id text NOT NULL,
      workspace_id text NOT NULL,
      kind text NOT NULL,
      sealed_secrets text[] NOT NULL,
      created_at timestamptz NOT NULL DEFAULT now(),
      CONSTRAINT webhook_endpoint_kind CHECK (kind IN ('platform', 'connect')),
      PRIMARY KEY (id))`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE tributary.webhook_endpoint`);
    await runner.query(`DROP TABLE tributary.webhook_event`);
  }
}
