import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What the way of an event through the inbox and the mirror costs is mostly compression and upkeep of indexes. */
export class Ingest1764000000700 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await compressWith(runner, 'lz4');
    // Nobody lists the applied by their state, and almost all are: the primary key serves as well, and marking an event as
    // applied no longer writes an entry here.
    await runner.query(`DROP INDEX tributary.webhook_event_listed`);
    await runner.query(
      `CREATE INDEX webhook_event_listed ON tributary.webhook_event (workspace_id, state, created, id) WHERE state <> 'applied'`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP INDEX tributary.webhook_event_listed`);
    await runner.query(
      `CREATE INDEX webhook_event_listed ON tributary.webhook_event (workspace_id, state, created, id)`,
    );
    await compressWith(runner, 'default');
  }
}

/** Bodies written from now on. Servers older than 14, or built without lz4, keep their own method. */
async function compressWith(runner: QueryRunner, method: 'lz4' | 'default'): Promise<void> {
  await runner.query(`DO $$
    DECLARE held record;
    BEGIN
      FOR held IN
        SELECT c.oid::regclass AS relation, a.attname AS attribute
          FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid
         WHERE c.relkind IN ('r', 'p') AND n.nspname = 'tributary'
           AND c.relname LIKE 'webhook\\_event%' AND a.attname = 'body'
      LOOP
        EXECUTE format('ALTER TABLE %s ALTER COLUMN %I SET COMPRESSION ${method}', held.relation, held.attribute);
      END LOOP;
    EXCEPTION WHEN syntax_error OR feature_not_supported OR invalid_parameter_value THEN
      NULL;
    END $$`);
}
