import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Lists of Stripe's that are read on every so often, since no events tell of what is in them. */
export class ListFollows1764000001200 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE tributary.list_follow (
        workspace_id text NOT NULL,
        account text NOT NULL,
        object_table text NOT NULL,
        complete_from timestamptz,
        complete_until timestamptz,
        changes_until timestamptz,
        looks bigint NOT NULL DEFAULT 0,
        brought bigint NOT NULL DEFAULT 0,
        looked_at timestamptz,
        due_at timestamptz NOT NULL DEFAULT now(),
        lease_token text,
        error text,
        CONSTRAINT list_follow_pkey PRIMARY KEY (workspace_id, account, object_table)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE tributary.list_follow`);
  }
}
