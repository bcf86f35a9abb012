import { cpus } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { cpuSecondsOfTree } from './cpu-time.js';
import { sendAll, signedRequests, type LoadResult } from './load.js';
import { OwnPostgres, OwnService } from './own-service.js';
import { fillMirror, ROWS_PER_CUSTOMER } from './reads-fill.js';
import { sampleEvents, type SampleEvent, type SampleTruth } from './sample-events.js';

const SECRET = 'whsec_benchmark_0123456789abcdef';
const EVENTS_MAX = 200_000;
const ROUNDS_MAX = 20;
const ROWS_MAX = 5_000_000;
const WARM_UP_EVENTS = 2_000;
const INSERT_ROWS = 100;
const DRAIN_LIMIT_MS = 300_000;
const POLL_MS = 50;

interface Options {
  events: number;
  rounds: number;
  connections: number;
  /** How many rows the mirror holds before; each number is a series of rounds of its own. */
  rows: number[];
  json: boolean;
  cpuProfile: string | undefined;
}

/** CPU seconds per 1,000 events. */
interface Cpu {
  service: number;
  database: number;
  total: number;
}

interface Round {
  acknowledgedPerSecond: number;
  /** From the first delivery to the last event applied. */
  appliedPerSecond: number;
  lastAppliedAfterSeconds: number;
  lastSettledAfterSeconds: number;
  p50Ms: number;
  p99Ms: number;
  cpu: Cpu;
  /** Of the generator, which shares the machine. */
  generatorCpu: number;
  bareInsertPerSecond: number;
  bareInsertCpu: number;
  /** Applied per second against rows of the same bodies inserted per second. */
  ratioToBareInsert: number;
  wrongRows: number;
}

/**
 * Signed events through the real HTTP face into a real PostgreSQL until all are applied, against a bare INSERT of the same
 * bodies into the same server. Everything it measures it has started itself.
 */
async function main(): Promise<void> {
  const options = readOptions();
  const postgres = await OwnPostgres.start();
  try {
    const sizes = options.rows.map((rows) => ({ rows, rounds: [] as Round[] }));
    // The sizes take turns, so that a busy neighbour does not fall on one of them.
    for (let n = 1; n <= options.rounds; n++) {
      for (const { rows, rounds } of sizes) {
        rounds.push(await runRound(postgres, n, rows, options));
        if (!options.json) print(`round ${n}, ${rows} rows before`, rounds.at(-1) as Round);
      }
    }
    const machine = await machineOf(postgres);
    const medians = sizes.map(({ rows, rounds }) => ({ rows, median: medianOf(rounds), rounds }));
    if (options.json) process.stdout.write(`${JSON.stringify({ machine, options, sizes: medians }, null, 2)}\n`);
    else {
      for (const { rows, median } of medians) print(`median, ${rows} rows before`, median);
      process.stdout.write(`\n${machine}; ${options.events} events a round, ${options.connections} connections\n`);
    }
    if (sizes.some(({ rounds }) => rounds.some(({ wrongRows }) => wrongRows > 0))) process.exitCode = 1;
  } finally {
    await postgres.stop();
  }
}

function readOptions(): Options {
  if (process.platform !== 'linux') throw new Error('the benchmark reads CPU times from /proc and needs Linux');
  if (process.env.DATABASE_URL) throw new Error('the benchmark runs against its own database only; unset DATABASE_URL');
  const { values } = parseArgs({
    options: {
      events: { type: 'string', default: '20000' },
      rounds: { type: 'string', default: '3' },
      connections: { type: 'string', default: '16' },
      rows: { type: 'string', default: '0' },
      json: { type: 'boolean', default: false },
      'cpu-profile': { type: 'string' },
    },
  });
  const whole = (name: 'events' | 'rounds' | 'connections', max: number): number => {
    const value = Number(values[name]);
    if (Number.isInteger(value) && value >= 1 && value <= max) return value;
    throw new Error(`--${name} must be a whole number from 1 to ${max}, not "${values[name]}"`);
  };
  return {
    events: whole('events', EVENTS_MAX),
    rounds: whole('rounds', ROUNDS_MAX),
    connections: whole('connections', 1_000),
    rows: values.rows.split(',').map(rowsOf),
    json: values.json,
    cpuProfile: values['cpu-profile'],
  };
}

function rowsOf(text: string): number {
  if (/^\d+$/.test(text) && Number(text) <= ROWS_MAX) return Number(text);
  throw new Error(`--rows must be whole numbers from 0 to ${ROWS_MAX}, with commas between, not "${text}"`);
}

async function runRound(postgres: OwnPostgres, n: number, rows: number, options: Options): Promise<Round> {
  const warmUp = sampleEvents(WARM_UP_EVENTS, 1_000_000 + n);
  const sample = sampleEvents(options.events, n);
  const bare = await measureBareInsert(postgres, await postgres.createDatabase(`bare_${n}_${rows}`), sample.events);

  const databaseUrl = await postgres.createDatabase(`service_${n}_${rows}`);
  const nodeOptions = options.cpuProfile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${options.cpuProfile}`];
  const settings = { DATABASE_URL: databaseUrl, STRIPE_WEBHOOK_SECRET: SECRET, TRIBUTARY_SANDBOX: 'off' };
  const service = await OwnService.start(settings, postgres.newFolder(`service_${n}_${rows}`), nodeOptions);
  const db = new pg.Client({ connectionString: databaseUrl });
  await db.connect();
  try {
    if (rows > 0) await fillBefore(db, rows);
    await deliver(warmUp.events, service, db, options);
    const cpu = cpuWatch(service.pid, postgres.pid, sample.events.length);
    const delivered = await deliver(sample.events, service, db, options);
    return {
      ...figures(delivered, sample.events.length),
      ...cpu(),
      bareInsertPerSecond: bare.perSecond,
      bareInsertCpu: bare.cpu,
      ratioToBareInsert: sample.events.length / delivered.appliedAfterSeconds / bare.perSecond,
      wrongRows: await countWrongRows([...warmUp.truth, ...sample.truth], db),
    };
  } finally {
    await db.end();
    await service.stop();
  }
}

async function fillBefore(db: pg.Client, rows: number): Promise<void> {
  const { rows: homes } = await db.query<{ id: string }>(`SELECT id FROM tributary.workspace LIMIT 1`);
  await fillMirror(db, homes[0]?.id ?? '', Math.ceil(rows / ROWS_PER_CUSTOMER));
}

interface Delivered extends LoadResult {
  appliedAfterSeconds: number;
  settledAfterSeconds: number;
}

/** Delivers all and waits until the inbox has applied the last one, and until all that they touched is settled. */
async function deliver(
  events: readonly SampleEvent[],
  service: OwnService,
  db: pg.Client,
  { connections }: Options,
): Promise<Delivered> {
  const target = new URL('/webhooks/stripe', service.url);
  const requests = signedRequests(events, target, SECRET);
  const startedAt = performance.now();
  const result = await sendAll(requests, target, connections);
  const elapsedSeconds = (): number => (performance.now() - startedAt) / 1000;
  await isEmpty(db, `tributary.webhook_event WHERE state = 'pending'`);
  const appliedAfterSeconds = elapsedSeconds();
  await isEmpty(db, `tributary.settle_queue WHERE available_at < 'infinity'`);
  return { ...result, appliedAfterSeconds, settledAfterSeconds: elapsedSeconds() };
}

async function isEmpty(db: pg.Client, queue: string): Promise<void> {
  const limit = Date.now() + DRAIN_LIMIT_MS;
  while ((await db.query(`SELECT FROM ${queue} LIMIT 1`)).rowCount !== 0) {
    if (Date.now() > limit) throw new Error('the events were not applied and settled in time');
    await sleep(POLL_MS);
  }
}

/** Starts counting; the answer tells what was used since, per 1,000 events. */
function cpuWatch(servicePid: number, databasePid: number, events: number): () => Pick<Round, 'cpu' | 'generatorCpu'> {
  const now = () => ({
    service: cpuSecondsOfTree(servicePid),
    database: cpuSecondsOfTree(databasePid),
    generator: process.cpuUsage(),
  });
  const before = now();
  return () => {
    const after = now();
    const perThousand = (seconds: number): number => (seconds / events) * 1000;
    const service = perThousand(after.service - before.service);
    const database = perThousand(after.database - before.database);
    const generator = after.generator.user + after.generator.system - before.generator.user - before.generator.system;
    return { cpu: { service, database, total: service + database }, generatorCpu: perThousand(generator / 1e6) };
  };
}

function figures(delivered: Delivered, events: number) {
  const { seconds, latenciesMs, appliedAfterSeconds, settledAfterSeconds } = delivered;
  const quantile = (share: number): number => latenciesMs[Math.ceil(latenciesMs.length * share) - 1] ?? NaN;
  return {
    acknowledgedPerSecond: events / seconds,
    appliedPerSecond: events / appliedAfterSeconds,
    lastAppliedAfterSeconds: appliedAfterSeconds - seconds,
    lastSettledAfterSeconds: settledAfterSeconds - seconds,
    p50Ms: quantile(0.5),
    p99Ms: quantile(0.99),
  };
}

/** The least that storing the bodies can cost here: one connection, many rows a statement, a prepared statement, a key. */
async function measureBareInsert(
  postgres: OwnPostgres,
  url: string,
  events: readonly SampleEvent[],
): Promise<{ perSecond: number; cpu: number }> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(`CREATE TABLE bare (id text PRIMARY KEY, body text NOT NULL)`);
    const usedBefore = cpuSecondsOfTree(postgres.pid);
    const startedAt = performance.now();
    for (let from = 0; from < events.length; from += INSERT_ROWS) {
      const rows = events.slice(from, from + INSERT_ROWS);
      const values = rows.map((_row, index) => `($${2 * index + 1}, $${2 * index + 2})`).join(', ');
      await client.query({
        name: `insert_${rows.length}`,
        text: `INSERT INTO bare (id, body) VALUES ${values}`,
        values: rows.flatMap(({ id, body }) => [id, body]),
      });
    }
    const seconds = (performance.now() - startedAt) / 1000;
    const used = cpuSecondsOfTree(postgres.pid) - usedBefore;
    return { perSecond: events.length / seconds, cpu: (used / events.length) * 1000 };
  } finally {
    await client.end();
  }
}

/** Rows of the mirror that are missing or do not hold the newest state. */
async function countWrongRows(truth: readonly SampleTruth[], db: pg.Client): Promise<number> {
  let wrong = 0;
  for (const table of new Set(truth.map((row) => row.table))) {
    const group = truth.filter((row) => row.table === table);
    const { rows } = await db.query<{ wrong: string }>(
      `SELECT count(*) AS wrong FROM unnest($1::text[], $2::text[]) AS t(id, version)
        WHERE NOT EXISTS (SELECT FROM stripe.${table} m WHERE m.id = t.id AND m.data#>>'{metadata,version}' = t.version)`,
      [group.map(({ id }) => id), group.map(({ version }) => version)],
    );
    wrong += Number(rows[0]?.wrong);
  }
  return wrong;
}

function medianOf(rounds: readonly Round[]): Round {
  const median = (of: (round: Round) => number): number => {
    const sorted = rounds.map(of).sort((a, b) => a - b);
    const middle = sorted.length / 2;
    return ((sorted[Math.ceil(middle) - 1] ?? NaN) + (sorted[Math.floor(middle)] ?? NaN)) / 2;
  };
  const first = rounds[0] as Round;
  const names = Object.keys(first).filter((name) => name !== 'cpu') as Exclude<keyof Round, 'cpu'>[];
  return {
    ...(Object.fromEntries(names.map((name) => [name, median((round) => round[name])])) as Omit<Round, 'cpu'>),
    cpu: {
      service: median(({ cpu }) => cpu.service),
      database: median(({ cpu }) => cpu.database),
      total: median(({ cpu }) => cpu.total),
    },
  };
}

function print(title: string, round: Round): void {
  const { cpu } = round;
  const lines = [
    `acknowledged ${round.acknowledgedPerSecond.toFixed(0)}/s, applied ${round.appliedPerSecond.toFixed(0)}/s; after the last acknowledgement ${round.lastAppliedAfterSeconds.toFixed(2)} s to apply and ${round.lastSettledAfterSeconds.toFixed(2)} s to settle all`,
    `acknowledgement p50 ${round.p50Ms.toFixed(1)} ms, p99 ${round.p99Ms.toFixed(1)} ms`,
    `CPU seconds per 1,000: ${cpu.total.toFixed(3)} (service ${cpu.service.toFixed(3)}, database ${cpu.database.toFixed(3)}); generator ${round.generatorCpu.toFixed(3)}`,
    `bare INSERT ${round.bareInsertPerSecond.toFixed(0)}/s, ${round.bareInsertCpu.toFixed(3)} CPU seconds of the database per 1,000; ratio ${round.ratioToBareInsert.toFixed(2)}`,
    `wrong rows ${round.wrongRows}`,
  ];
  process.stdout.write(`${title}\n${lines.map((line) => `  ${line}\n`).join('')}`);
}

async function machineOf(postgres: OwnPostgres): Promise<string> {
  const client = new pg.Client({ connectionString: await postgres.createDatabase('machine') });
  await client.connect();
  const { rows } = await client.query<{ version: string }>(`SELECT current_setting('server_version') AS version`);
  await client.end();
  const [cpu] = cpus();
  return `${cpus().length} × ${cpu?.model.trim() ?? 'unknown CPU'}, Node ${process.versions.node}, PostgreSQL ${rows[0]?.version}`;
}

await main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
