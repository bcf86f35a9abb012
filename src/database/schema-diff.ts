import type { DataSource } from 'typeorm';

import { migrate, revertLastMigration } from './migrate.js';

/**
 * Migrates an empty database, takes the last migration back and applies it again. Returns the statements that would
 * bring the schema to what the entities describe, so nothing when all is well. Refuses a database that holds anything.
 */
export async function checkMigrations(dataSource: DataSource): Promise<string[]> {
  await requireEmpty(dataSource);
  await migrate(dataSource);
  const first = await schemaDiff(dataSource);
  await revertLastMigration(dataSource);
  await migrate(dataSource);
  const second = await schemaDiff(dataSource);
  return [...first, ...second.filter((line) => !first.includes(line)).map((line) => `after down and up: ${line}`)];
}

/** What TypeORM would do to make the schema fit the entities; writes nothing. */
export async function schemaDiff(dataSource: DataSource): Promise<string[]> {
  const { upQueries } = await dataSource.driver.createSchemaBuilder().log();
  return upQueries.map(({ query, parameters }) =>
    parameters && parameters.length > 0 ? `${query}; -- ${JSON.stringify(parameters)}` : `${query};`,
  );
}

async function requireEmpty(dataSource: DataSource): Promise<void> {
  const found = await dataSource.query<{ name: string }[]>(
    `select table_schema || '.' || table_name as name from information_schema.tables
     where table_schema not in ('pg_catalog', 'information_schema') limit 1`,
  );
  if (found[0]) throw new Error(`the check needs an empty database, but this one has ${found[0].name}`);
}
