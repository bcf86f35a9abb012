import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The mirror's two queues. Its tables follow from the registry of object types (`billing/objects/mirror-schema.ts`). */
export class Mirror1764000000200 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE TABLE tributary.settle_queue (
      id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
      workspace_id text NOT NULL,
      account text NOT NULL,
      kind text NOT NULL,
      key text NOT NULL,
      queued_at timestamptz NOT NULL DEFAULT now(),
      available_at timestamptz NOT NULL DEFAULT now(),
      attempts integer NOT NULL DEFAULT 0,
      error text,
      PRIMARY KEY (id))`);
    await runner.query(`CREATE INDEX settle_queue_available ON tributary.settle_queue (available_at, id)`);
    await runner.query(`CREATE INDEX settle_queue_key ON tributary.settle_queue (workspace_id, account, kind, key)`);
    await runner.query(`CREATE TABLE tributary.refetch (
      workspace_id text NOT NULL,
      account text NOT NULL,
      object_table text NOT NULL,
      object_id text NOT NULL,
      reason text NOT NULL,
      min_stamp bigint NOT NULL,
      available_at timestamptz NOT NULL,
      attempts integer NOT NULL DEFAULT 0,
      lease_token text,
      error text,
      PRIMARY KEY (workspace_id, account, object_table, object_id, reason))`);
    await runner.query(`CREATE INDEX refetch_available ON tributary.refetch (available_at)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE tributary.refetch, tributary.settle_queue`);
  }
}
