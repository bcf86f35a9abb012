import type { DataSource, QueryRunner } from 'typeorm';
import type { SchemaStep } from '../../database/schema-steps.js';
import { MIRROR_TABLES } from '../objects/mirror-schema.js';
import { STRIPE_OBJECT_TYPES } from '../objects/registry.js';
import { BILLING_VIEWS } from './billing-views.js';
import { VIEW_FUNCTIONS } from './view-functions.js';
import { commentsSql, viewSql } from './view.js';

/** PostgreSQL's codes for a view whose columns changed, and for an object that others stand on. */
const INVALID_DEFINITION = '42P16';
const DEPENDENTS = '2BP01';

/**
 * Comes before the mirror's tables: a computed column that is made anew cannot be dropped while views stand on it, so the
 * views go first. `VIEWS` makes them again, because its description contains the mirror's.
 */
export const VIEWS_MAKE_WAY: SchemaStep = {
  name: 'billing views make way',
  describe: (dataSource) => MIRROR_TABLES.describe(dataSource),
  apply: async (runner) => {
    if (await redoesColumns(runner)) await dropViews(runner);
  },
};

/** The views of schema `billing`, with their functions and comments. */
export const VIEWS: SchemaStep = {
  name: 'billing views',
  describe: (dataSource) =>
    [
      MIRROR_TABLES.describe(dataSource),
      ...VIEW_FUNCTIONS,
      ...BILLING_VIEWS.flatMap((view) => [viewSql(view), ...commentsSql(view)]),
    ].join('\n'),
  apply: async (runner) => {
    await runner.query('CREATE SCHEMA IF NOT EXISTS billing');
    await runner.query(`COMMENT ON SCHEMA billing IS 'Views over the mirror of Stripe for people who write SQL.'`);
    for (const statement of VIEW_FUNCTIONS) await runner.query(statement);
    // Where only columns were added at the end, the views are replaced in place and what stands on them stays.
    if (!(await replacesViews(runner))) {
      await dropViews(runner);
      for (const view of BILLING_VIEWS) await runner.query(viewSql(view));
    }
    for (const comment of BILLING_VIEWS.flatMap(commentsSql)) await runner.query(comment);
  },
};

async function replacesViews(runner: QueryRunner): Promise<boolean> {
  await runner.query('SAVEPOINT billing_views');
  try {
    for (const view of BILLING_VIEWS) await runner.query(viewSql(view));
  } catch (error) {
    if ((error as { code?: string }).code !== INVALID_DEFINITION) throw error;
    await runner.query('ROLLBACK TO SAVEPOINT billing_views');
    return false;
  }
  await runner.query('RELEASE SAVEPOINT billing_views');
  return true;
}

async function dropViews(runner: QueryRunner): Promise<void> {
  const views = (await runner.query(
    `SELECT format('billing.%I', table_name) AS view FROM information_schema.views WHERE table_schema = 'billing'`,
  )) as Array<{ view: string }>;
  if (views.length === 0) return;
  try {
    await runner.query(`DROP VIEW ${views.map(({ view }) => view).join(', ')}`);
  } catch (error) {
    const { code, detail } = error as { code?: string; detail?: string };
    if (code !== DEPENDENTS) throw error;
    throw new Error(
      `views of schema billing have to be made anew, and others stand on them: ${detail ?? ''}. Drop those, start again, and make them again (or keep them as materialized tables of your own)`,
      { cause: error },
    );
  }
}

/** Whether a computed column that the database has is made by another expression in this build. */
async function redoesColumns(runner: QueryRunner): Promise<boolean> {
  const noted = (await runner.query(
    `SELECT "table" || '.' || name AS "column", value FROM tributary.typeorm_metadata WHERE type = 'GENERATED_COLUMN' AND schema = 'stripe'`,
  )) as Array<{ column: string; value: string }>;
  const expressions = computedColumns(runner.dataSource);
  return noted.some(({ column, value }) => expressions.has(column) && expressions.get(column) !== value);
}

function computedColumns(dataSource: DataSource): Map<string, string> {
  const tables = STRIPE_OBJECT_TYPES.map((type) => dataSource.getMetadata(type.model));
  return new Map(
    tables.flatMap((table) =>
      table.columns
        .filter((column) => column.generatedType === 'STORED')
        .map((column) => [`${table.tableName}.${column.databaseName}`, String(column.asExpression)] as const),
    ),
  );
}
