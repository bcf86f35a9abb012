import { EXIT, type Command, type CommandTools } from './command.js';
import { cellText, databaseToRead, readOnlyQuery, STATEMENT_LIMIT_MS, type QueryAnswer } from './read-only-query.js';
import { textTable } from './text-table.js';

const ROWS_SHOWN_MAX = 1_000;

const USAGE = `Looks something up in the service's database; it cannot change anything.

  npm run sql -- "SELECT * FROM tributary.partner"
  npm run sql -- --json "SELECT id, status FROM stripe.invoices LIMIT 3"
  npm run sql -- --tables

Where the package is installed: tributary sql "SELECT …".

It reads DATABASE_URL, or the embedded PostgreSQL of a running service (below TRIBUTARY_DATA_DIR, default .data).
`;

const TABLES = `
  SELECT format('%I.%I', n.nspname, c.relname) AS "table",
         string_agg(a.attname, ' ' ORDER BY a.attnum) AS "columns"
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
   WHERE n.nspname IN ('billing', 'tributary', 'stripe') AND c.relkind IN ('r', 'p', 'v') AND NOT c.relispartition
   GROUP BY n.nspname, c.relname ORDER BY n.nspname DESC, c.relname`;

interface Arguments {
  statement: string;
  json: boolean;
}

export const SQL: Command = {
  help: USAGE,
  async run(args, tools) {
    const given = argumentsIn(args);
    if (given === null) return fail(tools, EXIT.usage, USAGE);
    const config = tools.config();
    const url = databaseToRead(config);
    if (url === null) {
      return fail(
        tools,
        EXIT.failed,
        `No PostgreSQL runs below ${config.dataDir}: start the service with npm start, or set DATABASE_URL (or TRIBUTARY_DATA_DIR) as for the service.\n`,
      );
    }
    try {
      const answer = await readOnlyQuery(url, given.statement);
      tools.out.write(given.json ? jsonOf(answer) : tableOf(answer));
      return EXIT.done;
    } catch (error) {
      return fail(tools, EXIT.failed, sentenceOf(error));
    }
  },
};

/** Null when there is nothing to run. A statement that the shell took apart is put together again. */
function argumentsIn(args: readonly string[]): Arguments | null {
  const json = args.includes('--json');
  if (args.includes('--tables')) return { statement: TABLES, json };
  const statement = args
    .filter((arg) => arg !== '--json')
    .join(' ')
    .trim();
  return statement === '' || /^-{1,2}h(elp)?$/.test(statement) ? null : { statement, json };
}

function tableOf({ columns, rows }: QueryAnswer): string {
  const shown = rows.slice(0, ROWS_SHOWN_MAX).map((row) => row.map(cellText));
  const left = rows.length - shown.length;
  const more = left === 0 ? '' : `; ${left} more are not shown, use LIMIT or --json`;
  const count = `(${rows.length} ${rows.length === 1 ? 'row' : 'rows'}${more})`;
  return [...textTable(columns, shown), count, ''].join('\n');
}

function jsonOf({ columns, rows }: QueryAnswer): string {
  const objects = rows.map((row) => Object.fromEntries(columns.map(({ name }, index) => [name, row[index] ?? null])));
  return `${JSON.stringify(objects, null, 2)}\n`;
}

function fail({ err }: CommandTools, code: number, message: string): number {
  err.write(message);
  return code;
}

interface PostgresError {
  code?: string;
  message?: string;
  hint?: string;
}

/** Remedies for what people meet here most, by SQLSTATE or Node's code; PostgreSQL's own hint comes before them. */
const REMEDIES: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'no PostgreSQL answers at DATABASE_URL; is it running?',
  '25006': 'this connection only reads',
  '42601': 'give one statement, in double quotes for the shell; its own quotes are single ones',
  '42P01': '--tables lists the tables and their columns',
  '42703': '--tables lists the tables and their columns',
  '57014': `a statement may take ${STATEMENT_LIMIT_MS / 1_000} s here`,
};

function sentenceOf(error: unknown): string {
  const { code = '', message = String(error), hint } = (error ?? {}) as PostgresError;
  const remedy = hint ?? REMEDIES[code];
  return `${message === '' ? code : message}${remedy === undefined ? '' : ` (${remedy})`}\n`;
}
