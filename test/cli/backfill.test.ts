import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { sinceOf } from '../../src/cli/since.js';
import { many, sandboxOf } from '../billing/backfill-world.js';
import { startTestService, type TestService } from '../support/test-service.js';

const TRIBUTARY = fileURLToPath(new URL('../../dist/src/tributary.js', import.meta.url));
const ENDS_WITHIN_MS = 120_000;

let service: TestService;
let folder: string;

beforeAll(async () => {
  // Its workers stand: nobody works beside the command unless a test starts them.
  service = await startTestService({ env: { STRIPE_REQUESTS_PER_SECOND: '5000' } });
  folder = mkdtempSync(join(tmpdir(), 'tributary-backfill-cli-'));
  sandboxOf(service).deliveries.hold();
  sandboxOf(service).putObjects(many('charge', 320));
  sandboxOf(service).putObjects(many('coupon', 12));
});
afterEach(() => sandboxOf(service).faults.clear());
afterAll(async () => {
  await service?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** The built program, as an operator calls it. `during` sees what it has printed, and may send it a signal. */
async function tributary(args: string[], during?: (err: string, signal: (name: NodeJS.Signals) => void) => void) {
  const child = spawn(process.execPath, [TRIBUTARY, ...args], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env.PATH ?? '',
      DATABASE_URL: service.databaseUrl,
      TRIBUTARY_DATA_DIR: folder,
      TRIBUTARY_SANDBOX: 'off',
      STRIPE_SECRET_KEY: 'sk_test_operator',
      STRIPE_API_BASE: sandboxOf(service).url,
      STRIPE_REQUESTS_PER_SECOND: '5000',
    },
  });
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => {
    err += chunk.toString();
    during?.(err, (name) => child.kill(name));
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), ENDS_WITHIN_MS);
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  clearTimeout(timer);
  return { code, out, err };
}

async function count(table: string): Promise<number> {
  const [row] = await service.db.query<Array<{ n: number }>>(`SELECT count(*)::int AS n FROM ${table}`);
  return row?.n ?? -1;
}

describe('tributary backfill', () => {
  it('does the work itself where no service does, and tells what it did', async () => {
    const { code, out, err } = await tributary(['backfill', '--types', 'charges,coupons', '--account', 'platform']);

    expect(code).toBe(0);
    expect(err).toMatch(/no running service works on it, so it is done here/);
    expect(out).toMatch(/^charges +320 +320 +0 +0 +\d+$/m);
    expect(out).toMatch(/^332 objects, 332 new, 0 changed, 0 unchanged, in \d+ requests/m);
    expect(await count('stripe.charges')).toBe(320);
  }, 180_000);

  it('says in a dry run what would change, by type', async () => {
    sandboxOf(service).putObjects(many('coupon', 3));

    const { code, out } = await tributary(['backfill', '--dry-run', '--types', 'coupons', '--account', 'platform']);

    expect(code).toBe(0);
    expect(out).toMatch(/^coupons +15 +3 +0 +12 +0 +\d+$/m);
    expect(out).toMatch(/Nothing was changed. A backfill would add 3 and change 0; 12 are as Stripe has them/);
    expect(await count('stripe.coupons')).toBe(12);
  }, 180_000);

  it('leaves a job behind when it is interrupted, says how to go on, and --resume does', async () => {
    await service.db.query(`TRUNCATE stripe.charges`);
    sandboxOf(service).faults.add({ kind: 'latency', path: '/v1/charges', latencyMs: 1_500, times: 50 });

    const first = await tributary(['backfill', '--types', 'charges', '--account', 'platform'], (err, signal) => {
      if (err.includes('done here')) setTimeout(() => signal('SIGINT'), 700);
    });
    sandboxOf(service).faults.clear();
    const [job] = await service.db.query<Array<{ id: string }>>(
      `SELECT id FROM tributary.backfill WHERE state = 'running'`,
    );
    const second = await tributary(['backfill', '--resume']);

    expect(first.code).toBe(130);
    expect(first.err).toContain(`${job?.id} is not done`);
    expect(first.err).toMatch(/tributary backfill --resume/);
    expect(second.code).toBe(0);
    expect(second.err).toContain(`Going on with ${job?.id}`);
    expect(await count('stripe.charges')).toBe(320);
  }, 180_000);

  it('lets the running service do the work and shows how far it is', async () => {
    const running = await startTestService({
      sandbox: false,
      databaseUrl: service.databaseUrl,
      workers: 'running',
      env: { STRIPE_SECRET_KEY: 'sk_test_service', STRIPE_API_BASE: sandboxOf(service).url },
    });
    try {
      await service.db.query(`TRUNCATE stripe.charges`);

      const { code, out, err } = await tributary(['backfill', '--types', 'charges', '--account', 'platform']);

      expect(code).toBe(0);
      expect(err).not.toMatch(/done here/);
      expect(out).toMatch(/^charges +320 +320/m);
    } finally {
      await running.stop();
    }
  }, 180_000);

  it('gives up what it left with --cancel', async () => {
    const { body } = await service.http<{ id: string }>('POST', '/v1/billing/backfills', { types: ['coupons'] });

    const canceled = await tributary(['backfill', '--cancel']);
    const nothing = await tributary(['backfill', '--resume']);

    expect(canceled).toMatchObject({ code: 0, out: `${body.id} is canceled; what it wrote stays.\n` });
    expect(nothing).toMatchObject({ code: 2, err: expect.stringContaining('no backfill to go on with') });
  }, 180_000);

  it.each([
    [['--since', 'yesterday'], /--since is "yesterday"; it takes days back \(30d\)/],
    [['--since', '2999-01-01'], /still to come/],
    [['--types', 'Customers'], /--types is "Customers"/],
    [['--account', 'me'], /--account is "me"; it takes .*acct_/],
    [['--resume', '--types', 'coupons'], /--resume takes what was ordered before/],
    [['--resume', '--cancel'], /contradict/],
    [['--fast'], /Unknown option '--fast'/],
    [['customers'], /Unexpected argument 'customers'/],
  ])('answers 2 to %j and says what is wrong, before it asks anybody', async (args, sentence) => {
    const { code, out, err } = await tributary(['backfill', ...args]);

    expect(code).toBe(2);
    expect(out).toBe('');
    expect(err).toMatch(sentence);
    expect(err).toMatch(/tributary backfill --help says how it is used/);
  });

  it('answers 2 to a type that does not exist, and names those that do', async () => {
    const { code, err } = await tributary(['backfill', '--types', 'customer']);

    expect(code).toBe(2);
    expect(err).toMatch(/has no type "customer"; did you mean customers,/);
  });
});

describe('--since', () => {
  const now = new Date('2026-11-21T15:30:00Z');

  it('counts days back from midnight UTC, so that the same words mean the same all day', () => {
    expect(sinceOf('30d', now)).toEqual(new Date('2026-10-22T00:00:00Z'));
    expect(sinceOf('30d', new Date('2026-11-21T23:59:59Z'))).toEqual(sinceOf('30d', now));
    expect(sinceOf('0d', now)).toEqual(new Date('2026-11-21T00:00:00Z'));
  });

  it('takes a date and an instant', () => {
    expect(sinceOf('2026-01-31', now)).toEqual(new Date('2026-01-31T00:00:00Z'));
    expect(sinceOf('2026-01-31T12:00:00+02:00', now)).toEqual(new Date('2026-01-31T10:00:00Z'));
  });

  it.each(['', '30', '30 d', '-3d', '99999d', '2026-02-30', '2026-11-22', 'd'])('refuses %j', (text) => {
    expect(() => sinceOf(text, now)).toThrow(/--since is /);
  });
});
