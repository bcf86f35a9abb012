import type { QueryRunner } from 'typeorm';

export interface GeneratedColumn {
  /** The SQL type, as the entity's column names it: `text`, `bigint`, `timestamp with time zone`. */
  type: string;
  /** Character for character what the entity's `asExpression` says: TypeORM compares the texts. */
  expression: string;
}

/** The lines of a `create table` for these columns, separated by commas. */
export function generatedColumnsSql(columns: Record<string, GeneratedColumn>): string {
  return Object.entries(columns)
    .map(([name, { type, expression }]) => `"${name}" ${type} generated always as (${expression}) stored`)
    .join(',\n  ');
}

/**
 * Tells TypeORM which expressions the generated columns of `table` (`stripe.customers`) have. PostgreSQL reformats an
 * expression beyond recognition, so TypeORM compares the entity with what is noted here. Call it beside
 * `generatedColumnsSql` with the same columns; safe to repeat.
 */
export async function registerGeneratedColumns(
  runner: QueryRunner,
  table: string,
  columns: Record<string, GeneratedColumn>,
): Promise<void> {
  const names = Object.keys(columns);
  await forgetGeneratedColumns(runner, table, names);
  await runner.query(
    `insert into tributary.typeorm_metadata ("type", "database", "schema", "table", "name", "value")
     select 'GENERATED_COLUMN', current_database(), $1, $2, name, value
     from unnest($3::text[], $4::text[]) as noted (name, value)`,
    [...splitName(table), names, Object.values(columns).map(({ expression }) => expression)],
  );
}

/** Adds generated columns to a table that exists, and registers them. Rewrites the table. */
export async function addGeneratedColumns(
  runner: QueryRunner,
  table: string,
  columns: Record<string, GeneratedColumn>,
): Promise<void> {
  for (const [name, column] of Object.entries(columns)) {
    await runner.query(`alter table ${table} add column ${generatedColumnsSql({ [name]: column })}`);
  }
  await registerGeneratedColumns(runner, table, columns);
}

/** The counterpart for `down`: forgets the named columns of `table`, or all of them. */
export async function forgetGeneratedColumns(runner: QueryRunner, table: string, names?: string[]): Promise<void> {
  await runner.query(
    `delete from tributary.typeorm_metadata
     where "type" = 'GENERATED_COLUMN' and "schema" = $1 and "table" = $2 and ($3::text[] is null or "name" = any ($3))`,
    [...splitName(table), names ?? null],
  );
}

function splitName(table: string): [schema: string, table: string] {
  const [schema, name] = table.split('.');
  if (!schema || !name) throw new Error(`${table} is not of the form schema.table`);
  return [schema, name];
}
