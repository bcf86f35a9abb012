import { randomBytes } from 'node:crypto';
import { cpus } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { seededRandom } from '../sandbox/core/random.js';
import { OwnPostgres, OwnService } from './own-service.js';
import { fillProgram, PARTNERS } from './partner-reads-fill.js';
import { lineOf, timesOf } from './read-times.js';

const COMMISSIONS_MAX = 20_000_000;
const READS_MAX = 100_000;
const WARM_UP_READS = 10;
/** Below the limit of requests that one key may make. */
const PAUSE_MS = 4;
/** Reads of everybody's figures are fewer; each takes longer. */
const WHOLE_SHARE = 10;
const PROGRAM = 'bench';
const MS_PER_DAY = 86_400_000;

/** What a dashboard asks for; those without a partner are the company's own. */
const READS: ReadonlyArray<{ name: string; path: (partner: string) => string; whole?: true }> = [
  { name: 'a partner’s balance', path: (id) => `/v1/partners/${id}/balance` },
  { name: 'a partner’s newest commissions', path: (id) => `/v1/commissions?partnerId=${id}` },
  { name: 'a partner’s month', path: (id) => `/v1/numbers?partnerId=${id}&${days(30)}` },
  { name: 'a partner’s month by day', path: (id) => `/v1/numbers?partnerId=${id}&by=day&${days(30)}` },
  { name: 'a partner’s month by code', path: (id) => `/v1/numbers?partnerId=${id}&split=code&${days(30)}` },
  { name: 'a partner’s year by month', path: (id) => `/v1/numbers?partnerId=${id}&by=month&${days(365)}` },
  {
    name: 'a partner’s times to convert, a month',
    path: (id) => `/v1/numbers/conversion-times?partnerId=${id}&${days(30)}`,
  },
  { name: 'a partner’s cohorts of a year', path: (id) => `/v1/numbers/cohorts?partnerId=${id}` },
  {
    name: 'the program’s month by day',
    whole: true,
    path: () => `/v1/numbers?programKey=${PROGRAM}&by=day&${days(30)}`,
  },
  {
    name: 'the leaderboard of a month, by commission',
    whole: true,
    path: () => `/v1/numbers/leaderboard?programKey=${PROGRAM}&figure=netMinor&currency=usd&${days(30)}`,
  },
];

const days = (count: number): string => `from=${new Date(Date.now() - count * MS_PER_DAY).toISOString()}`;

/** What partners and the company read of a program with so many commissions. Everything it measures it has started itself. */
async function main(): Promise<void> {
  const { commissions, reads } = readOptions();
  const postgres = await OwnPostgres.start();
  try {
    const url = await postgres.createDatabase('partner_reads');
    const token = `trb_bench${randomBytes(4).toString('hex')}_${randomBytes(32).toString('hex')}`;
    const settings = { DATABASE_URL: url, TRIBUTARY_API_KEY: token, TRIBUTARY_SANDBOX: 'off', TRIBUTARY_ROLE: 'api' };
    const service = await OwnService.start(settings, postgres.newFolder('service'), []);
    const db = new pg.Client({ connectionString: url });
    await db.connect();
    try {
      const ask = asker(service.url, token);
      const reward = { type: 'percentage', rateBps: 2_000 };
      await ask('/v1/programs', { key: PROGRAM, name: 'Bench', reward });
      const startedAt = performance.now();
      await fillProgram(db, PROGRAM, commissions);
      const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
      process.stdout.write(
        `${commissions} commissions in ${seconds} s; ${cpus().length} × ${cpus()[0]?.model ?? 'CPU'}\n\n`,
      );
      await measureAll(ask, reads);
    } finally {
      await db.end();
      await service.stop();
    }
  } finally {
    await postgres.stop();
  }
}

type Ask = (path: string, body?: object) => Promise<void>;

function asker(url: URL, token: string): Ask {
  return async (path, body) => {
    const answer = await fetch(new URL(path, url), {
      method: body === undefined ? 'GET' : 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: body && JSON.stringify(body),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${path} was answered ${answer.status}: ${text}`);
  };
}

/** Each read for partners by chance, and those of a partner also for the one who has the most. */
async function measureAll(ask: Ask, reads: number): Promise<void> {
  const random = seededRandom(1);
  const anyone = (): string => `partner_${1 + Math.floor(random() * PARTNERS)}`;
  for (const { name, path, whole } of READS) {
    const count = whole ? Math.ceil(reads / WHOLE_SHARE) : reads;
    process.stdout.write(`${lineOf(name, await measure(ask, () => path(anyone()), count))}\n`);
    if (whole) continue;
    const largest = await measure(ask, () => path('partner_1'), Math.ceil(reads / WHOLE_SHARE));
    process.stdout.write(`${lineOf('  the same of the largest partner', largest)}\n`);
  }
}

async function measure(ask: Ask, path: () => string, reads: number): Promise<ReturnType<typeof timesOf>> {
  for (let n = 0; n < WARM_UP_READS; n++) await ask(path());
  const times: number[] = [];
  for (let n = 0; n < reads; n++) {
    const startedAt = performance.now();
    await ask(path());
    times.push(performance.now() - startedAt);
    await sleep(PAUSE_MS);
  }
  return timesOf(times);
}

function readOptions(): { commissions: number; reads: number } {
  if (process.env.DATABASE_URL) throw new Error('the benchmark runs against its own database only; unset DATABASE_URL');
  const { values } = parseArgs({
    options: { commissions: { type: 'string', default: '1000000' }, reads: { type: 'string', default: '300' } },
  });
  const whole = (name: 'commissions' | 'reads', max: number): number => {
    const value = Number(values[name]);
    if (Number.isInteger(value) && value >= 1 && value <= max) return value;
    throw new Error(`--${name} must be a whole number from 1 to ${max}, not "${values[name]}"`);
  };
  return { commissions: whole('commissions', COMMISSIONS_MAX), reads: whole('reads', READS_MAX) };
}

await main();
