import { type DataSource, type Migration, MigrationExecutor, type QueryRunner } from 'typeorm';

import { applySteps, pendingSteps, type SchemaStep } from './schema-steps.js';

/** Any number will do, as long as nothing else in this database uses it. Spells "tributar". */
const MIGRATION_LOCK = 0x7472_6962;

/** A data source that also knows which parts of the schema are derived. */
export type Migratable = DataSource & { readonly schemaSteps?: readonly SchemaStep[] };

/**
 * Brings the schema up to date and returns what was applied. All pending migrations share one transaction, so a failure
 * leaves the database as it was; replicas that start together wait for each other. Safe to repeat. Works through a
 * pooler in transaction mode, because nothing outlives the transaction.
 */
export async function migrate(dataSource: Migratable): Promise<Migration[]> {
  return await inOneTransaction(dataSource, async (runner) => {
    // TypeORM makes its own tables before the first migration could make their schema.
    await runner.query('create schema if not exists tributary');
    const applied = await new MigrationExecutor(dataSource, runner).executePendingMigrations();
    await applySteps(runner, dataSource, dataSource.schemaSteps ?? []);
    return applied;
  });
}

/** Takes the newest migration back. For development and for the check that it can be done. */
export async function revertLastMigration(dataSource: DataSource): Promise<void> {
  await inOneTransaction(dataSource, async (runner) => {
    await new MigrationExecutor(dataSource, runner).undoLastMigration();
  });
}

/** Names of the migrations and derived parts that this build knows and the database lacks, oldest first. Writes nothing. */
export async function pendingMigrations(dataSource: Migratable): Promise<string[]> {
  const migrations = await new MigrationExecutor(dataSource).getPendingMigrations();
  const steps = await pendingSteps(dataSource, dataSource.schemaSteps ?? []);
  return [...migrations, ...steps].map(({ name }) => name);
}

async function inOneTransaction<T>(dataSource: DataSource, work: (runner: QueryRunner) => Promise<T>): Promise<T> {
  const runner = dataSource.createQueryRunner();
  try {
    await runner.startTransaction();
    // Rewriting a large table takes as long as it takes, and so does waiting for the replica that does it.
    await runner.query('set local statement_timeout = 0');
    await runner.query('set local idle_in_transaction_session_timeout = 0');
    await runner.query('select pg_advisory_xact_lock($1)', [MIGRATION_LOCK]);
    const result = await work(runner);
    await runner.commitTransaction();
    return result;
  } catch (error) {
    await runner.rollbackTransaction().catch(() => undefined);
    throw error;
  } finally {
    await runner.release();
  }
}
