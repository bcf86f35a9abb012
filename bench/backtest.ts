import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import pg from 'pg';
import type { BacktestView } from '../src/referrals/backtest/backtest.dto.js';
import { OwnPostgres, OwnService } from './own-service.js';
import { INVOICES_PER_CUSTOMER } from './reads-fill.js';
import { call, fillReferred } from './referred-fill.js';

const INVOICES_MAX = 5_000_000;
const LOOK_MS = 200;

/** What is tried: nothing that counts, and what counts by partner and by customer. */
const PROPOSALS = {
  percentage: { reward: { type: 'percentage', rateBps: 1_500 } },
  'tiers and caps': {
    rules: [
      {
        key: 'tiers',
        reward: {
          ...{ type: 'tiered', by: 'revenue', period: 'month', mode: 'graduated' },
          tiers: [
            { from: 0, rateBps: 1_000 },
            { from: 500_000, rateBps: 2_000 },
          ],
        },
      },
    ],
    caps: [{ per: 'customer', period: 'year', maxMinor: 10_000 }],
  },
} as const;

interface Figures {
  proposal: string;
  invoices: number;
  seconds: number;
  perSecond: number;
  /** By how much the service grew while it ran. */
  memoryMb: number;
}

/** How long proposed terms take to judge a past of paid invoices, and what memory that needs. */
async function main(): Promise<void> {
  const { invoices, json } = readOptions();
  const postgres = await OwnPostgres.start();
  try {
    const databaseUrl = await postgres.createDatabase('backtest');
    const token = `trb_bench${randomBytes(4).toString('hex')}_${randomBytes(32).toString('hex')}`;
    const settings = { DATABASE_URL: databaseUrl, TRIBUTARY_API_KEY: token, TRIBUTARY_SANDBOX: 'off' };
    const service = await OwnService.start({ ...settings, TRIBUTARY_ROLE: 'api' }, postgres.newFolder('api'), []);
    const db = new pg.Client({ connectionString: databaseUrl });
    try {
      await db.connect();
      const api = { url: service.url, token };
      await fillReferred(db, api, PROPOSALS.percentage.reward, Math.ceil(invoices / INVOICES_PER_CUSTOMER));
      await bindAll(db);
      const figures: Figures[] = [];
      for (const proposal of Object.keys(PROPOSALS) as Array<keyof typeof PROPOSALS>)
        figures.push(await measure(api, service, proposal));
      process.stdout.write(json ? `${JSON.stringify(figures, null, 2)}\n` : figures.map(lineOf).join(''));
    } finally {
      await db.end();
      await service.stop();
    }
  } finally {
    await postgres.stop();
  }
}

/** As if every sign-up had been settled. */
async function bindAll(db: pg.Client): Promise<void> {
  await db.query(
    `INSERT INTO tributary.attribution (workspace_id, program_id, customer_id, partner_id, code_id, bound_at, evidence)
     SELECT workspace_id, program_id, customer_id, partner_id, code_id, signed_up_at, '[]' FROM tributary.referral_tracking`,
  );
  await db.query('ANALYZE');
}

async function measure(
  api: Parameters<typeof call>[0],
  service: OwnService,
  proposal: keyof typeof PROPOSALS,
): Promise<Figures> {
  const before = residentMb(service.pid);
  let most = before;
  const looking = setInterval(() => (most = Math.max(most, residentMb(service.pid))), LOOK_MS);
  try {
    const startedAt = performance.now();
    const told = await call<BacktestView>(api, '/v1/programs/bench/backtest', PROPOSALS[proposal]);
    const seconds = (performance.now() - startedAt) / 1_000;
    if (!told.totals.some(({ proposed }) => proposed.earnedMinor > 0))
      throw new Error('nothing would have been earned');
    const { sales } = told;
    return { proposal, invoices: sales, seconds, perSecond: sales / seconds, memoryMb: most - before };
  } finally {
    clearInterval(looking);
  }
}

function residentMb(pid: number): number {
  const kb = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kb) / 1_024;
}

function lineOf({ proposal, invoices, seconds, perSecond, memoryMb }: Figures): string {
  const speed = `${seconds.toFixed(1)} s, ${perSecond.toFixed(0)} a second`;
  return `${proposal.padEnd(16)}${invoices} invoices in ${speed}, +${memoryMb.toFixed(0)} MB\n`;
}

function readOptions(): { invoices: number; json: boolean } {
  if (process.env.DATABASE_URL) throw new Error('the benchmark runs against its own database only; unset DATABASE_URL');
  const { values } = parseArgs({
    options: { invoices: { type: 'string', default: '1000000' }, json: { type: 'boolean', default: false } },
  });
  const invoices = Number(values.invoices);
  if (!Number.isInteger(invoices) || invoices < 1 || invoices > INVOICES_MAX)
    throw new Error(`--invoices must be a whole number from 1 to ${INVOICES_MAX}, not "${values.invoices}"`);
  return { invoices, json: values.json };
}

await main();
