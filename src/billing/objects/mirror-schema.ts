import type { DataSource, EntityMetadata, QueryRunner } from 'typeorm';
import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { registerGeneratedColumns } from '../../database/generated-columns.js';
import type { SchemaStep } from '../../database/schema-steps.js';
import { MIRROR_FUNCTIONS } from './mirror-functions.js';
import { STRIPE_OBJECT_TYPES } from './registry.js';

/**
 * The tables of schema `stripe`, straight from the registry: a row there is all that a new type needs. `data` is the truth
 * and every other field is computed from it, so that a column can be added, or its expression changed, at any time.
 */
export const MIRROR_TABLES: SchemaStep = {
  name: 'mirror tables',
  describe: (dataSource) => [...MIRROR_FUNCTIONS, ...tables(dataSource).flatMap(describeTable)].join('\n'),
  apply: async (runner) => {
    for (const statement of MIRROR_FUNCTIONS) await runner.query(statement);
    for (const table of tables(runner.dataSource)) await alignTable(runner, table);
    await compressWithLz4(runner);
  },
};

function tables(dataSource: DataSource): EntityMetadata[] {
  return STRIPE_OBJECT_TYPES.map((type) => dataSource.getMetadata(type.model));
}

function describeTable(table: EntityMetadata): string[] {
  return [table.tablePath, ...table.columns.map(columnSql), ...table.indices.map((index) => indexSql(table, index))];
}

async function alignTable(runner: QueryRunner, table: EntityMetadata): Promise<void> {
  const held = await heldColumns(runner, table);
  if (held.size === 0) {
    const key = table.primaryColumns.map((column) => column.databaseName).join(', ');
    await runner.query(
      `CREATE TABLE ${table.tablePath} (${table.columns.map(columnSql).join(', ')}, PRIMARY KEY (${key}))`,
    );
  } else {
    // In one statement: a table is written anew once, however many of its columns are computed.
    const changes = table.columns.flatMap((column) => columnChanges(column, held));
    if (changes.length > 0) await runner.query(`ALTER TABLE ${table.tablePath} ${changes.join(', ')}`);
  }
  await registerGeneratedColumns(
    runner,
    table.tablePath,
    Object.fromEntries(
      table.columns
        .filter(isGenerated)
        .map((column) => [column.databaseName, { type: String(column.type), expression: String(column.asExpression) }]),
    ),
  );
  for (const index of table.indices) await runner.query(indexSql(table, index));
}

/** Adds what is missing; a column whose expression is another one now is made anew, with the indexes that were on it. */
function columnChanges(column: ColumnMetadata, held: ReadonlyMap<string, string | null>): string[] {
  const added = `ADD COLUMN ${columnSql(column)}`;
  const expression = held.get(column.databaseName);
  if (expression === undefined) return [added];
  if (!isGenerated(column) || expression === column.asExpression) return [];
  return [`DROP COLUMN "${column.databaseName}"`, added];
}

/** The columns that the table has, with the expressions they were made with; empty when there is no such table. */
async function heldColumns(runner: QueryRunner, table: EntityMetadata): Promise<Map<string, string | null>> {
  const rows = (await runner.query(
    `SELECT c.column_name AS name, m.value AS expression
       FROM information_schema.columns c
       LEFT JOIN tributary.typeorm_metadata m
         ON m.type = 'GENERATED_COLUMN' AND m.schema = c.table_schema AND m."table" = c.table_name AND m.name = c.column_name
      WHERE c.table_schema = $1 AND c.table_name = $2`,
    [table.schema, table.tableName],
  )) as Array<{ name: string; expression: string | null }>;
  return new Map(rows.map(({ name, expression }) => [name, expression]));
}

function isGenerated(column: ColumnMetadata): boolean {
  return column.generatedType === 'STORED';
}

function columnSql(column: ColumnMetadata): string {
  const type = String(column.type);
  if (isGenerated(column))
    return `"${column.databaseName}" ${type} GENERATED ALWAYS AS (${column.asExpression}) STORED`;
  const standard =
    column.default === undefined || column.default === null ? '' : ` DEFAULT ${defaultSql(column.default)}`;
  return `"${column.databaseName}" ${type}${column.isNullable ? '' : ' NOT NULL'}${standard}`;
}

function defaultSql(value: unknown): string {
  return typeof value === 'function' ? String((value as () => unknown)()) : String(value);
}

function indexSql(table: EntityMetadata, index: EntityMetadata['indices'][number]): string {
  const columns = index.columns.map((column) => `"${column.databaseName}"`).join(', ');
  const where = index.where === undefined ? '' : ` WHERE ${index.where}`;
  return `CREATE INDEX IF NOT EXISTS ${index.name} ON ${table.tablePath} (${columns})${where}`;
}

/** Most of what a write costs is compression. Servers older than 14, or built without lz4, keep their own method. */
async function compressWithLz4(runner: QueryRunner): Promise<void> {
  await runner.query(`DO $$
    DECLARE held record;
    BEGIN
      FOR held IN
        SELECT c.oid::regclass AS relation
          FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid
         WHERE c.relkind = 'r' AND n.nspname = 'stripe' AND a.attname = 'data' AND a.attcompression <> 'l'
      LOOP
        EXECUTE format('ALTER TABLE %s ALTER COLUMN data SET COMPRESSION lz4', held.relation);
      END LOOP;
    EXCEPTION WHEN syntax_error OR feature_not_supported OR invalid_parameter_value OR undefined_column THEN
      NULL;
    END $$`);
}
