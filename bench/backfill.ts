import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import pg from 'pg';
import type { BackfillView } from '../src/billing/backfill/dto/backfill.dto.js';
import { cpuSecondsOfTree } from './cpu-time.js';
import { OwnPostgres, OwnService } from './own-service.js';
import { OwnSandbox } from './own-sandbox.js';
import { sampleAccount } from './sample-account.js';

const PUT_AT_ONCE = 2_000;
const LOOK_MS = 250;
const ENDS_WITHIN_MS = 900_000;
const UNLIMITED = 10_000;
const BYTES_PER_MB = 1_048_576;

interface Run {
  name: string;
  /** Requests a second that the limiter allows. */
  ceiling: number;
  seconds: number;
  objects: number;
  requests: number;
  written: number;
  objectsPerSecond: number;
  requestsPerSecond: number;
  shareOfCeiling: number;
  memoryMb: { before: number; middle: number; most: number };
  walMb: number;
  /** CPU seconds per 1,000 objects. */
  cpu: { service: number; database: number; sandbox: number };
}

/**
 * A backfill of mixed objects from a sandbox in a process of its own: at a ceiling of requests a second, again with nothing
 * changed, and once more into an empty database without a ceiling. Everything it measures it has started itself.
 */
async function main(): Promise<void> {
  const { objects, ceiling, json, nodeOptions } = options();
  const postgres = await OwnPostgres.start();
  const sandbox = await OwnSandbox.start(postgres.newFolder('sandbox'));
  try {
    const total = await fill(sandbox, objects);
    const runs: Run[] = [];
    for (const [name, allowed] of [['limited', ceiling] as const, ['unlimited', UNLIMITED] as const]) {
      runs.push(...(await twoRuns({ postgres, sandbox, nodeOptions }, name, allowed)));
    }
    if (json) process.stdout.write(`${JSON.stringify({ objects: total, runs }, null, 2)}\n`);
    else for (const run of runs) print(run);
  } finally {
    await sandbox.stop();
    await postgres.stop();
  }
}

function options(): { objects: number; ceiling: number; json: boolean; nodeOptions: string[] } {
  if (process.platform !== 'linux') throw new Error('the benchmark reads memory from /proc and needs Linux');
  if (process.env.DATABASE_URL) throw new Error('the benchmark runs against its own database only; unset DATABASE_URL');
  const { values } = parseArgs({
    options: {
      objects: { type: 'string', default: '100000' },
      ceiling: { type: 'string', default: '100' },
      json: { type: 'boolean', default: false },
      // Of the service's process, such as --node-option=--cpu-prof.
      'node-option': { type: 'string', multiple: true, default: [] },
    },
  });
  const whole = (name: 'objects' | 'ceiling', max: number): number => {
    const value = Number(values[name]);
    if (Number.isInteger(value) && value >= 1 && value <= max) return value;
    throw new Error(`--${name} must be a whole number from 1 to ${max}, not "${values[name]}"`);
  };
  const { json, 'node-option': nodeOptions } = values;
  return { objects: whole('objects', 1_000_000), ceiling: whole('ceiling', UNLIMITED), json, nodeOptions };
}

async function fill(sandbox: OwnSandbox, count: number): Promise<number> {
  let total = 0;
  let batch: object[] = [];
  const send = async (): Promise<void> => {
    await sandbox.put(batch);
    total += batch.length;
    batch = [];
  };
  for (const object of sampleAccount(count)) {
    batch.push(object);
    if (batch.length === PUT_AT_ONCE) await send();
  }
  if (batch.length > 0) await send();
  return total;
}

interface Stage {
  postgres: OwnPostgres;
  sandbox: OwnSandbox;
  nodeOptions: string[];
}

/** Into an empty database, and then once more. */
async function twoRuns({ postgres, sandbox, nodeOptions }: Stage, name: string, ceiling: number): Promise<Run[]> {
  const databaseUrl = await postgres.createDatabase(`backfill_${name}`);
  const apiKey = `trb_bench_${randomBytes(32).toString('hex')}`;
  const settings = {
    ...{ DATABASE_URL: databaseUrl, TRIBUTARY_API_KEY: apiKey, TRIBUTARY_SANDBOX: 'off' },
    ...{
      STRIPE_SECRET_KEY: 'sk_test_bench',
      STRIPE_API_BASE: sandbox.url.href,
      STRIPE_REQUESTS_PER_SECOND: String(ceiling),
    },
  };
  const service = await OwnService.start(settings, postgres.newFolder(name), nodeOptions);
  const db = new pg.Client({ connectionString: databaseUrl });
  await db.connect();
  try {
    const setting = {
      ceiling,
      service,
      apiKey,
      db,
      pids: { service: service.pid, database: postgres.pid, sandbox: sandbox.pid },
    };
    const first = await run({ ...setting, name });
    const second = await run({ ...setting, name: `${name}, nothing changed` });
    return [first, second];
  } finally {
    await db.end();
    await service.stop();
  }
}

interface Setting {
  name: string;
  ceiling: number;
  service: OwnService;
  apiKey: string;
  db: pg.Client;
  pids: Record<keyof Run['cpu'], number>;
}

async function run({ name, ceiling, service, apiKey, db, pids }: Setting): Promise<Run> {
  const before = memoryOf(service.pid);
  const memory: number[] = [];
  const walBefore = await walBytes(db);
  const cpu = cpuWatch(pids);
  const startedAt = performance.now();
  let view = await call(service, apiKey, 'POST', '/v1/billing/backfills', {});
  while (view.state === 'running') {
    if (performance.now() - startedAt > ENDS_WITHIN_MS) throw new Error('the backfill did not end in time');
    await sleep(LOOK_MS);
    memory.push(memoryOf(service.pid));
    view = await call(service, apiKey, 'GET', `/v1/billing/backfills/${view.id}`);
  }
  if (view.state !== 'done') throw new Error(`the backfill ended as ${view.state}: ${view.error}`);
  const seconds = (performance.now() - startedAt) / 1_000;
  const sorted = [...memory].sort((a, b) => a - b);
  return {
    ...{ name, ceiling, seconds, objects: view.objects, requests: view.requests },
    written: view.added + view.changed,
    objectsPerSecond: view.objects / seconds,
    requestsPerSecond: view.requests / seconds,
    shareOfCeiling: view.requests / seconds / ceiling,
    memoryMb: { before, middle: sorted[Math.floor(sorted.length / 2)] ?? before, most: sorted.at(-1) ?? before },
    cpu: cpu(view.objects),
    walMb: (await walBytes(db)) / BYTES_PER_MB - walBefore / BYTES_PER_MB,
  };
}

/** Starts counting; the answer tells what was used since, per 1,000 objects. */
function cpuWatch(pids: Setting['pids']): (objects: number) => Run['cpu'] {
  const now = (): Run['cpu'] => ({
    service: cpuSecondsOfTree(pids.service),
    database: cpuSecondsOfTree(pids.database),
    sandbox: cpuSecondsOfTree(pids.sandbox),
  });
  const before = now();
  return (objects) => {
    const after = now();
    const used = (of: keyof Run['cpu']): number => ((after[of] - before[of]) / objects) * 1_000;
    return { service: used('service'), database: used('database'), sandbox: used('sandbox') };
  };
}

async function call(
  service: OwnService,
  key: string,
  method: string,
  path: string,
  body?: object,
): Promise<BackfillView> {
  const answer = await fetch(new URL(path, service.url), {
    method,
    headers: { authorization: `Bearer ${key}`, ...(body && { 'content-type': 'application/json' }) },
    body: body && JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as BackfillView;
}

/** Resident memory in MB. */
function memoryOf(pid: number): number {
  const [, kilobytes] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kilobytes) / 1_024;
}

async function walBytes(db: pg.Client): Promise<number> {
  const { rows } = await db.query<{ bytes: string }>(`SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0') AS bytes`);
  return Number(rows[0]?.bytes);
}

function print(run: Run): void {
  const { memoryMb: memory } = run;
  const lines = [
    `${run.objects} objects in ${run.seconds.toFixed(1)} s: ${run.objectsPerSecond.toFixed(0)} a second, ${run.written} written`,
    `${run.requests} requests, ${run.requestsPerSecond.toFixed(1)} a second: ${(run.shareOfCeiling * 100).toFixed(1)} % of ${run.ceiling}`,
    `memory ${memory.before.toFixed(0)} MB before, ${memory.middle.toFixed(0)} in the middle, ${memory.most.toFixed(0)} at most; WAL ${run.walMb.toFixed(1)} MB`,
    `CPU seconds per 1,000: service ${run.cpu.service.toFixed(3)}, database ${run.cpu.database.toFixed(3)}, sandbox ${run.cpu.sandbox.toFixed(3)}`,
  ];
  process.stdout.write(`${run.name}\n${lines.map((line) => `  ${line}\n`).join('')}`);
}

await main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
