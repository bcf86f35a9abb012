import type { Client } from 'pg';
import { pagesOf } from './pages.js';
import { EVENTS, MIRROR, RECORDED } from './rebuild-tables.js';

/** Told after every page. */
export type OnRows = (rows: number) => void;

interface Copied {
  table: string;
  /** Of the source's rows, as `t`. */
  where?: string;
  /** What is written in place of some columns. */
  instead?: Readonly<Record<string, string>>;
}

/**
 * Copies what a rebuild begins with: the recorded facts, the mirror's rows that no event gives, and the events, to be applied.
 * Page by page and as text, so that nothing passes through JavaScript's numbers. `source` is in a transaction that only reads.
 * Errors: one sentence when the two have not the same tables.
 */
export async function copyFacts(source: Client, scratch: Client, onRows: OnRows): Promise<void> {
  const copied: Copied[] = [
    ...RECORDED.map((name) => ({ table: `tributary.${name}` })),
    ...MIRROR.map((name) => ({ table: `stripe.${name}`, where: NO_EVENT_GIVES_IT })),
    { table: `tributary.${EVENTS}`, where: RETAINED, instead: TO_BE_APPLIED },
  ];
  const columns = await columnsOf(scratch);
  const held = await columnsOf(source);
  for (const { table } of copied) requireSame(table, held.get(table), columns.get(table));
  for (const one of copied) {
    const names = (columns.get(one.table) ?? []).filter(({ isComputed }) => !isComputed).map(({ name }) => name);
    await copyTable(one, names, source, scratch, onRows);
  }
}

/** Rows of a query into a table, by the names of its columns. Answers how many. */
export async function copyRows(
  query: string,
  into: { table: string; columns: readonly string[] },
  [source, scratch]: readonly [Client, Client],
  onRows: OnRows,
): Promise<void> {
  const list = into.columns.map((name) => `"${name}"`).join(', ');
  const insert = `INSERT INTO ${into.table} (${list}) SELECT ${list} FROM jsonb_populate_recordset(NULL::${into.table}, $1::jsonb)`;
  for await (const { json, rows } of pagesOf(source, query)) {
    await scratch.query(insert, [json]);
    onRows(rows);
  }
}

async function copyTable(
  { table, where, instead }: Copied,
  columns: readonly string[],
  source: Client,
  scratch: Client,
  onRows: OnRows,
): Promise<void> {
  const values = columns.map((name) =>
    instead?.[name] === undefined ? `t."${name}"` : `${instead[name]} AS "${name}"`,
  );
  const query = `SELECT ${values.join(', ')} FROM ${table} t WHERE ${where ?? 'true'}`;
  await copyRows(query, { table, columns }, [source, scratch], onRows);
}

interface Column {
  name: string;
  type: string;
  isComputed: boolean;
}

async function columnsOf(client: Client): Promise<Map<string, Column[]>> {
  const { rows } = await client.query<Column & { table: string }>(COLUMNS);
  const tables = new Map<string, Column[]>();
  for (const { table, ...column } of rows) tables.set(table, [...(tables.get(table) ?? []), column]);
  return tables;
}

function requireSame(table: string, held: readonly Column[] = [], wanted: readonly Column[] = []): void {
  if (JSON.stringify(held) === JSON.stringify(wanted)) return;
  throw new Error(
    `${table} is another one in this database than in this build: start the service of this build once, which brings the database up to date, and try again`,
  );
}

const COLUMNS = `
  SELECT n.nspname || '.' || c.relname AS "table", a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type,
         a.attgenerated <> '' OR a.attidentity <> '' AS "isComputed"
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid
   WHERE n.nspname IN ('tributary', 'stripe') AND c.relkind IN ('r', 'p') AND NOT c.relispartition
     AND a.attnum > 0 AND NOT a.attisdropped
   ORDER BY 1, a.attname COLLATE "C"`;

const RETAINED = `t.state <> 'quarantined' AND t.body IS NOT NULL`;

/** Whoever was parked stays so, and decides about ties as before. */
const TO_BE_APPLIED = {
  state: `CASE WHEN t.state = 'parked' THEN t.state ELSE 'pending' END`,
  attempts: '0',
  available_at: 'now()',
  lease_token: 'NULL::text',
  error: 'NULL::text',
  applied_at: 'NULL::timestamptz',
};

const isRetained = (condition: string): string =>
  `EXISTS (SELECT FROM tributary.webhook_event e
            WHERE e.workspace_id = t.workspace_id AND ${condition} AND e.body IS NOT NULL AND e.state IN ('pending', 'applied'))`;

/** States that were fetched, or whose event is gone; and deletions that Stripe was asked about. */
const NO_EVENT_GIVES_IT = `
  t.source_event_id IS NULL
  OR NOT ${isRetained('e.created = t.source_updated_at AND e.id = t.source_event_id')}
  OR (t.deleted_at IS NOT NULL
      AND NOT ${isRetained(`e.created = t.deleted_at AND e.object_id = t.id AND e.type LIKE '%.deleted'`)})`;
