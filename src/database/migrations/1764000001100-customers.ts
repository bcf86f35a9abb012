import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The company's own names for customers, what was erased of whom, and webhook endpoints that are kept at Stripe. */
export class Customers1764000001100 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE tributary.customer_ref (
        workspace_id text NOT NULL,
        account text NOT NULL,
        customer_id text NOT NULL,
        ref text NOT NULL,
        is_primary boolean NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT customer_ref_pkey PRIMARY KEY (workspace_id, account, customer_id)
      )`);
    await runner.query(
      `CREATE UNIQUE INDEX customer_ref_primary ON tributary.customer_ref (workspace_id, account, ref) WHERE is_primary`,
    );
    await runner.query(`CREATE INDEX customer_ref_ref ON tributary.customer_ref (workspace_id, account, ref)`);
    await runner.query(`
      CREATE TABLE tributary.customer_intent (
        workspace_id text NOT NULL,
        account text NOT NULL,
        ref text NOT NULL,
        id text NOT NULL,
        params jsonb NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT customer_intent_pkey PRIMARY KEY (workspace_id, account, ref)
      )`);
    await runner.query(`
      CREATE TABLE tributary.customer_erasure (
        workspace_id text NOT NULL,
        account text NOT NULL,
        customer_id text NOT NULL,
        requested_at timestamptz NOT NULL DEFAULT now(),
        deleted_at timestamptz,
        due_at timestamptz,
        CONSTRAINT customer_erasure_pkey PRIMARY KEY (workspace_id, account, customer_id)
      )`);
    await runner.query(
      `CREATE INDEX customer_erasure_due ON tributary.customer_erasure (due_at) WHERE due_at IS NOT NULL`,
    );
    await runner.query(`
      CREATE TABLE tributary.erased_object (
        workspace_id text NOT NULL,
        account text NOT NULL,
        object_id text NOT NULL,
        customer_id text NOT NULL,
        CONSTRAINT erased_object_pkey PRIMARY KEY (workspace_id, account, object_id)
      )`);
    await runner.query(`
      CREATE INDEX erased_object_customer ON tributary.erased_object (workspace_id, account, customer_id)`);
    await runner.query(`
      ALTER TABLE tributary.webhook_endpoint
        ADD COLUMN stripe_id text,
        ADD COLUMN retiring_stripe_id text,
        ADD COLUMN url text,
        ADD COLUMN event_types text[]`);
    await runner.query(`
      CREATE TABLE tributary.webhook_refusal (
        workspace_id text NOT NULL,
        endpoint_id text NOT NULL,
        refused_at timestamptz NOT NULL,
        code text NOT NULL,
        message text NOT NULL,
        CONSTRAINT webhook_refusal_pkey PRIMARY KEY (workspace_id, endpoint_id)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE tributary.webhook_refusal`);
    await runner.query(`
      ALTER TABLE tributary.webhook_endpoint
        DROP COLUMN stripe_id, DROP COLUMN retiring_stripe_id, DROP COLUMN url, DROP COLUMN event_types`);
    await runner.query(`DROP TABLE tributary.erased_object`);
    await runner.query(`DROP TABLE tributary.customer_erasure`);
    await runner.query(`DROP TABLE tributary.customer_intent`);
    await runner.query(`DROP TABLE tributary.customer_ref`);
  }
}
