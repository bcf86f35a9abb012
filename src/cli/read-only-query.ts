import pg from 'pg';
import type { AppConfig } from '../config/app-config.js';
import { runningPostgresUrl } from '../database/running-postgres.js';
import type { TextColumn } from './text-table.js';

const CONNECT_LIMIT_MS = 3_000;
export const STATEMENT_LIMIT_MS = 30_000;
const CELL_CHARS_MAX = 240;
/** Object ids of the number types, in PostgreSQL's catalogue. */
const NUMBER_TYPES = new Set([20, 21, 23, 26, 700, 701, 1700]);

/** Values as text where PostgreSQL sends text, dates as ISO 8601 in UTC, JSON as it is. */
export interface QueryAnswer {
  columns: TextColumn[];
  rows: unknown[][];
}

/** `DATABASE_URL`, or the embedded PostgreSQL that runs below the data folder; null when there is neither. */
export function databaseToRead({ databaseUrl, dataDir }: AppConfig): string | null {
  return databaseUrl ?? runningPostgresUrl(dataDir);
}

/**
 * Runs one statement in a transaction that PostgreSQL keeps from writing, with a limit on its time. Throws PostgreSQL's
 * error, or the driver's when nothing answers at `url`.
 */
export async function readOnlyQuery(url: string, statement: string): Promise<QueryAnswer> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: CONNECT_LIMIT_MS,
    application_name: 'tributary-sql',
  });
  // A connection that breaks while nobody waits on it must not end the process with a stack.
  client.on('error', () => undefined);
  await client.connect();
  try {
    await client.query('BEGIN READ ONLY');
    await client.query(`SET LOCAL statement_timeout = ${STATEMENT_LIMIT_MS}; SET LOCAL timezone = 'UTC'`);
    // The extended protocol takes one statement only, so that no COMMIT can be slipped in before a second one.
    const query = { text: statement, queryMode: 'extended', rowMode: 'array' } as const;
    const { fields, rows } = await client.query<unknown[]>(query);
    return {
      columns: fields.map(({ name, dataTypeID }) => ({ name, alignsRight: NUMBER_TYPES.has(dataTypeID) })),
      rows,
    };
  } finally {
    await client.end();
  }
}

/** One cell of a printed table: short, on one line, nothing for null. */
export function cellText(value: unknown): string {
  if (value === null || value === undefined) return '';
  const text =
    value instanceof Date ? dateText(value) : typeof value === 'object' ? JSON.stringify(value) : String(value);
  const line = text.replace(/\s+/g, ' ');
  return line.length > CELL_CHARS_MAX ? `${line.slice(0, CELL_CHARS_MAX - 1)}…` : line;
}

/** `infinity` is a date for PostgreSQL and a number for the driver. */
function dateText(date: Date): string {
  return Number.isNaN(date.getTime()) ? 'invalid date' : date.toISOString().replace('.000Z', 'Z');
}
