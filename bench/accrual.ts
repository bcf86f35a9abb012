import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { OwnPostgres, OwnService } from './own-service.js';
import { INVOICES_PER_CUSTOMER, PAID_INVOICES } from './reads-fill.js';
import { fillReferred } from './referred-fill.js';

const SALES_MAX = 2_000_000;
const WORKERS_MAX = 16;
const POLL_MS = 100;
/** So long nothing may leave the queue. */
const STUCK_LIMIT_MS = 120_000;

/** What the measured program pays: what counts nothing before a sale, and what does. */
const REWARDS = {
  percentage: { type: 'percentage', rateBps: 2_000 },
  tiered: {
    ...{ type: 'tiered', by: 'revenue', period: 'month', mode: 'graduated' },
    tiers: [
      { from: 0, rateBps: 1_000 },
      { from: 10_000, rateBps: 2_000 },
    ],
  },
} as const;

interface Options {
  sales: number;
  workers: number[];
  json: boolean;
}

interface Figures {
  reward: keyof typeof REWARDS;
  workers: number;
  commissions: number;
  perSecond: number;
  earnedMinor: number;
}

/** How many paid invoices a second become commissions, on one worker process and on several, with and without tiers. */
async function main(): Promise<void> {
  const { sales, workers, json } = readOptions();
  const postgres = await OwnPostgres.start();
  try {
    const figures: Figures[] = [];
    for (const reward of Object.keys(REWARDS) as Array<keyof typeof REWARDS>) {
      const ofReward: Figures[] = [];
      for (const count of workers) ofReward.push(await measure(postgres, reward, count, sales));
      // However many workers there were, and in whatever order they came to the sales.
      if (new Set(ofReward.map(({ earnedMinor }) => earnedMinor)).size > 1)
        throw new Error(`the sums differ: ${JSON.stringify(ofReward)}`);
      figures.push(...ofReward);
    }
    process.stdout.write(json ? `${JSON.stringify(figures, null, 2)}\n` : figures.map(lineOf).join(''));
  } finally {
    await postgres.stop();
  }
}

async function measure(
  postgres: OwnPostgres,
  reward: keyof typeof REWARDS,
  workers: number,
  sales: number,
): Promise<Figures> {
  const name = `accrual_${reward}_${workers}`;
  const databaseUrl = await postgres.createDatabase(name);
  const token = `trb_bench${randomBytes(4).toString('hex')}_${randomBytes(32).toString('hex')}`;
  const settings = { DATABASE_URL: databaseUrl, TRIBUTARY_API_KEY: token, TRIBUTARY_SANDBOX: 'off' };
  const start = (role: string, folder: string): Promise<OwnService> =>
    OwnService.start({ ...settings, TRIBUTARY_ROLE: role }, postgres.newFolder(`${name}_${folder}`), []);
  const running = [await start('api', 'api')];
  const db = new pg.Client({ connectionString: databaseUrl });
  try {
    await db.connect();
    await fillReferred(
      db,
      { url: (running[0] as OwnService).url, token },
      REWARDS[reward],
      Math.ceil(sales / INVOICES_PER_CUSTOMER),
    );
    for (let n = 0; n < workers; n++) running.push(await start('worker', `worker_${n}`));
    const startedAt = performance.now();
    await db.query(`INSERT INTO tributary.settle_queue (workspace_id, account, kind, key) ${PAID_INVOICES}`);
    await untilSettled(db);
    const seconds = (performance.now() - startedAt) / 1_000;
    const { rows } = await db.query<{ count: string; earned: string }>(
      `SELECT count(*) AS count, coalesce(sum(amount_minor), 0) AS earned FROM tributary.commission WHERE status = 'posted'`,
    );
    const commissions = Number(rows[0]?.count);
    if (commissions === 0) throw new Error('nothing was earned');
    return { reward, workers, commissions, perSecond: commissions / seconds, earnedMinor: Number(rows[0]?.earned) };
  } finally {
    for (const service of running) await service.stop();
    await db.end();
  }
}

async function untilSettled(db: pg.Client): Promise<void> {
  let least = Infinity;
  let movedAt = performance.now();
  for (;;) {
    const { rows } = await db.query<{ left: string; parked: string }>(
      `SELECT count(*) AS left, count(*) FILTER (WHERE available_at = 'infinity') AS parked FROM tributary.settle_queue`,
    );
    const left = Number(rows[0]?.left);
    if (Number(rows[0]?.parked) > 0) throw new Error('sales were parked');
    if (left === 0) return;
    if (left < least) [least, movedAt] = [left, performance.now()];
    if (performance.now() - movedAt > STUCK_LIMIT_MS) throw new Error(`${left} sales are not settled`);
    await sleep(POLL_MS);
  }
}

function lineOf({ reward, workers, commissions, perSecond }: Figures): string {
  const who = `${workers} worker${workers === 1 ? '' : 's'}`;
  return `${reward.padEnd(12)}${who.padEnd(12)}${commissions} commissions, ${perSecond.toFixed(0).padStart(6)} a second\n`;
}

function readOptions(): Options {
  if (process.env.DATABASE_URL) throw new Error('the benchmark runs against its own database only; unset DATABASE_URL');
  const { values } = parseArgs({
    options: {
      sales: { type: 'string', default: '20000' },
      workers: { type: 'string', default: '1,4' },
      json: { type: 'boolean', default: false },
    },
  });
  const whole = (name: string, text: string, max: number): number => {
    const value = Number(text);
    if (Number.isInteger(value) && value >= 1 && value <= max) return value;
    throw new Error(`--${name} must be a whole number from 1 to ${max}, not "${text}"`);
  };
  const workers = values.workers.split(',').map((text) => whole('workers', text, WORKERS_MAX));
  return { sales: whole('sales', values.sales, SALES_MAX), workers, json: values.json };
}

await main();
