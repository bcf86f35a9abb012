import { cpus } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { seededRandom } from '../sandbox/core/random.js';
import { OwnPostgres, OwnService } from './own-service.js';
import { lineOf, timesOf, type ReadTimes } from './read-times.js';
import { fillMirror, INVOICES_PER_CUSTOMER, ROWS_PER_CUSTOMER } from './reads-fill.js';

const ROWS_MAX = 20_000_000;
const READS_MAX = 100_000;
const WARM_UP_READS = 20;
/** Reads of the whole mirror are few; each takes long. */
const WHOLE_READS = 3;
/** Below the limit of requests that one key may make. */
const PAUSE_MS = 4;

interface Options {
  rows: number;
  reads: number;
  json: boolean;
}

interface Read {
  name: string;
  /** The statement or the path for a customer of that number and one of their invoices. */
  sql?: (customer: number, invoice: number) => string;
  path?: (customer: number, invoice: number) => string;
  whole?: true;
}

interface Figures extends ReadTimes {
  name: string;
  reads: number;
}

const READS: readonly Read[] = [
  { name: 'HTTP: a customer', path: (n) => `/v1/billing/customers/cus_b${n}` },
  { name: 'HTTP: an invoice', path: (n, k) => `/v1/billing/invoices/in_b${n}_${k}` },
  { name: 'HTTP: a customer’s subscriptions', path: (n) => `/v1/billing/subscriptions?customer=cus_b${n}` },
  { name: 'HTTP: a customer’s invoices', path: (n) => `/v1/billing/invoices?customer=cus_b${n}` },
  { name: 'HTTP: a customer’s charges', path: (n) => `/v1/billing/charges?customer=cus_b${n}` },
  { name: 'HTTP: is a subscription valid', path: (n) => `/v1/billing/subscriptions/sub_b${n}/validity` },
  { name: 'HTTP: an invoice’s lines', path: (n, k) => `/v1/billing/invoices/in_b${n}_${k}/lines` },
  { name: 'HTTP: a charge’s fee, net and invoice', path: (n, k) => `/v1/billing/charges/ch_b${n}_${k}/summary` },
  { name: 'HTTP: the newest invoices', path: () => '/v1/billing/invoices?limit=50' },
  {
    name: 'SQL: a customer’s subscriptions with monthly value',
    sql: (n) => `SELECT * FROM billing.subscriptions WHERE workspace_id = $1 AND customer_id = 'cus_b${n}'`,
  },
  {
    name: 'SQL: a customer’s charges with fee and net',
    sql: (n) => `SELECT * FROM billing.charges WHERE workspace_id = $1 AND customer_id = 'cus_b${n}'`,
  },
  {
    name: 'SQL: an invoice’s payments and charges',
    sql: (n, k) => `SELECT * FROM billing.invoice_payments WHERE workspace_id = $1 AND invoice_id = 'in_b${n}_${k}'`,
  },
  {
    name: 'SQL: an invoice’s lines',
    sql: (n, k) => `SELECT * FROM billing.invoice_lines WHERE workspace_id = $1 AND invoice_id = 'in_b${n}_${k}'`,
  },
  {
    name: 'SQL: a subscription’s invoice lines',
    sql: (n) => `SELECT * FROM billing.invoice_lines WHERE workspace_id = $1 AND subscription_id = 'sub_b${n}'`,
  },
  {
    name: 'SQL: what a customer paid month by month',
    sql: (n) => `SELECT * FROM billing.mrr_movements WHERE workspace_id = $1 AND customer_id = 'cus_b${n}'`,
  },
  {
    name: 'SQL: the newest invoices',
    sql: () => `SELECT * FROM stripe.invoices WHERE workspace_id = $1 ORDER BY created DESC LIMIT 50`,
  },
  {
    name: 'SQL: monthly recurring revenue now, over all',
    whole: true,
    sql: () => `SELECT currency, sum(mrr_minor) FROM billing.subscriptions WHERE workspace_id = $1 GROUP BY currency`,
  },
  {
    name: 'SQL: mrr_by_month, over all',
    whole: true,
    sql: () => `SELECT * FROM billing.mrr_by_month WHERE workspace_id = $1`,
  },
];

/** The commonest reads of a mirror with so many rows, one after the other. Everything it measures it has started itself. */
async function main(): Promise<void> {
  const options = readOptions();
  const postgres = await OwnPostgres.start();
  try {
    const url = await postgres.createDatabase('reads');
    const token = `trb_bench${randomBytes(4).toString('hex')}_${randomBytes(32).toString('hex')}`;
    const settings = { DATABASE_URL: url, TRIBUTARY_API_KEY: token, TRIBUTARY_SANDBOX: 'off' };
    const service = await OwnService.start(settings, postgres.newFolder('service'), []);
    const db = new pg.Client({ connectionString: url });
    await db.connect();
    try {
      await measureAll(options, { db, service, token });
    } finally {
      await db.end();
      await service.stop();
    }
  } finally {
    await postgres.stop();
  }
}

interface Surroundings {
  db: pg.Client;
  service: OwnService;
  token: string;
}

async function measureAll({ rows, reads, json }: Options, { db, service, token }: Surroundings): Promise<void> {
  const customers = Math.max(1, Math.floor(rows / ROWS_PER_CUSTOMER));
  const { rows: found } = await db.query<{ id: string }>('SELECT id FROM tributary.workspace LIMIT 1');
  const workspaceId = found[0]?.id ?? '';
  const startedAt = performance.now();
  await fillMirror(db, workspaceId, customers);
  const filledSeconds = (performance.now() - startedAt) / 1000;
  const show = (line: string): void => void (json || process.stdout.write(`${line}\n`));
  show(
    `${customers * ROWS_PER_CUSTOMER} rows in ${filledSeconds.toFixed(1)} s; ${cpus().length} × ${cpus()[0]?.model ?? 'CPU'}\n`,
  );

  const figures: Figures[] = [];
  for (const read of READS) {
    const run = runnerOf(read, { db, service, token }, workspaceId);
    const measured = await measure(read, run, read.whole ? WHOLE_READS : reads, customers);
    figures.push(measured);
    show(lineOf(read.name, measured));
  }
  if (json)
    process.stdout.write(
      `${JSON.stringify({ rows: customers * ROWS_PER_CUSTOMER, filledSeconds, figures }, null, 2)}\n`,
    );
}

/** One read; throws unless it finds something. */
function runnerOf(read: Read, { db, service, token }: Surroundings, workspaceId: string) {
  return async (customer: number, invoice: number): Promise<void> => {
    if (read.sql) {
      const { rowCount } = await db.query(read.sql(customer, invoice), [workspaceId]);
      if (rowCount === 0) throw new Error(`${read.name} found nothing`);
      return;
    }
    const answer = await fetch(new URL(read.path?.(customer, invoice) ?? '/', service.url), {
      headers: { authorization: `Bearer ${token}` },
    });
    const body = await answer.text();
    if (answer.status !== 200) throw new Error(`${read.name} was answered ${answer.status}: ${body}`);
    if (body.startsWith('{"data":[]')) throw new Error(`${read.name} found nothing`);
  };
}

async function measure(
  read: Read,
  run: (customer: number, invoice: number) => Promise<void>,
  reads: number,
  customers: number,
): Promise<Figures> {
  const random = seededRandom(1);
  const one = async (): Promise<number> => {
    const customer = 1 + Math.floor(random() * customers);
    const invoice = 1 + Math.floor(random() * INVOICES_PER_CUSTOMER);
    const startedAt = performance.now();
    await run(customer, invoice);
    return performance.now() - startedAt;
  };
  const warmUps = read.whole ? 1 : WARM_UP_READS;
  for (let n = 0; n < warmUps; n++) await one();
  const times: number[] = [];
  for (let n = 0; n < reads; n++) {
    times.push(await one());
    if (read.path) await sleep(PAUSE_MS);
  }
  return { name: read.name, reads, ...timesOf(times) };
}

function readOptions(): Options {
  if (process.env.DATABASE_URL) throw new Error('the benchmark runs against its own database only; unset DATABASE_URL');
  const { values } = parseArgs({
    options: {
      rows: { type: 'string', default: '1000000' },
      reads: { type: 'string', default: '1000' },
      json: { type: 'boolean', default: false },
    },
  });
  const whole = (name: 'rows' | 'reads', max: number): number => {
    const value = Number(values[name]);
    if (Number.isInteger(value) && value >= 1 && value <= max) return value;
    throw new Error(`--${name} must be a whole number from 1 to ${max}, not "${values[name]}"`);
  };
  return { rows: whole('rows', ROWS_MAX), reads: whole('reads', READS_MAX), json: values.json };
}

await main();
