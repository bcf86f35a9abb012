import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { EXIT } from '../../src/cli/command.js';
import { REBUILD } from '../../src/cli/rebuild.command.js';
import { findDatabase, openSecludedHouse } from '../../src/command-house.js';
import { loadConfig } from '../../src/config/app-config.js';
import type { RebuildResult } from '../../src/rebuild/rebuild.js';
import { givenScratchDatabase } from '../../src/rebuild/scratch-database.js';
import { OPENS_NOTHING } from '../support/command-tools.js';
import { Story } from '../support/story.js';
import { liveThrough } from './rebuild-story.js';

const TRIBUTARY = fileURLToPath(new URL('../../dist/src/tributary.js', import.meta.url));
/** By the service itself, some time after a request. */
const WRITTEN_IN_PASSING = ['api_key', 'rate_counter'];
const ENDS_WITHIN_MS = 120_000;

let story: Story;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tributary-rebuild-'));
  story = await Story.begin({ sandbox: true });
  await liveThrough(story);
}, ENDS_WITHIN_MS);
afterAll(async () => {
  await story?.end();
  rmSync(folder, { recursive: true, force: true });
});

const environment = (): Record<string, string> => ({
  DATABASE_URL: story.service.databaseUrl,
  TRIBUTARY_DATA_DIR: folder,
  TRIBUTARY_SANDBOX: 'off',
  STRIPE_SECRET_KEY: 'sk_test_operator',
  STRIPE_API_BASE: story.sandbox.url,
});

async function rebuild(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ['', ''];
  const code = await REBUILD.run(['--verify', ...args], {
    ...OPENS_NOTHING,
    config: () => loadConfig(environment()),
    ...{ reachDatabase: findDatabase, openSecludedHouse },
    out: { write: (text) => (out += text) },
    err: { write: (text) => (err += text), isTTY: true },
    interrupted: new AbortController().signal,
  });
  return { code, out, err };
}

/** The built program, as an operator calls it. */
async function tributary(args: string[], during: (err: string, signal: (name: NodeJS.Signals) => void) => void) {
  const child = spawn(process.execPath, [TRIBUTARY, ...args], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH ?? '', ...environment() },
  });
  let err = '';
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  const look = setInterval(() => during(err, (name) => child.kill(name)), 20);
  const timer = setTimeout(() => child.kill('SIGKILL'), ENDS_WITHIN_MS);
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  clearInterval(look);
  clearTimeout(timer);
  return { code, err };
}

/** Every version of every row of our own tables and of the mirror, by table: a row that is written becomes another one. */
async function rowVersions(): Promise<Record<string, string>> {
  const { db } = story.service;
  const tables = await db.query<Array<{ name: string }>>(
    `SELECT c.oid::regclass::text AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname IN ('tributary', 'stripe') AND c.relkind = 'r' AND c.relname <> ALL($1)`,
    [WRITTEN_IN_PASSING],
  );
  const hashes = tables.map(
    ({ name }) =>
      `SELECT '${name}' AS name, md5(string_agg(concat_ws('|', ctid, xmin, xmax, one::text), ',' ORDER BY ctid)) AS hash FROM ${name} one`,
  );
  const rows = await db.query<Array<{ name: string; hash: string }>>(hashes.join(' UNION ALL '));
  return Object.fromEntries(rows.map(({ name, hash }) => [name, hash]));
}

/** Those of this test; other tests of this server have theirs. */
async function scratchDatabases(): Promise<string[]> {
  const rows = await story.service.db.query<Array<{ datname: string }>>(
    `SELECT datname FROM pg_database WHERE shobj_description(oid, 'pg_database') = 'a rebuild of ' || current_database()`,
  );
  return rows.map(({ datname }) => datname);
}

function urlOf(database: string): string {
  const url = new URL(story.service.databaseUrl);
  url.pathname = `/${database}`;
  return url.href;
}

/** As somebody with every right at the database would, past the triggers that refuse it; taken back at the end. */
async function tampered<T>(change: string, back: string, look: () => Promise<T>): Promise<T> {
  const { db } = story.service;
  const past = async (statement: string): Promise<void> => {
    await db.query(`ALTER TABLE tributary.ledger_entry DISABLE TRIGGER USER`);
    await db.query(statement);
    await db.query(`ALTER TABLE tributary.ledger_entry ENABLE TRIGGER USER`);
  };
  await past(change);
  try {
    return await look();
  } finally {
    await past(back);
  }
}

describe('tributary rebuild --verify', () => {
  it('finds nothing where nothing is wrong, and leaves the database as it was, to the byte', async () => {
    const before = await rowVersions();

    const { code, out, err } = await rebuild('--json');

    expect(code).toBe(EXIT.done);
    expect(err).toMatch(/ rows copied .* events applied .* keys settled/);
    const found = JSON.parse(out) as RebuildResult;
    expect(found).toMatchObject({ agrees: true, findings: [], stuck: [], waiting: { events: 0, keys: 0 } });
    const [attributions, commissions] = found.compared;
    expect(attributions).toMatchObject({ subject: 'attributions', differ: 0, missing: 0, extra: 0 });
    expect(attributions!.agree).toBeGreaterThanOrEqual(14);
    expect(commissions!.agree).toBeGreaterThanOrEqual(15);
    expect(await rowVersions()).toEqual(before);
    expect(await scratchDatabases()).toEqual([]);
  });

  it('names what was tampered with, and the sale and the event that tell otherwise, also in a database that is given', async () => {
    const { db } = story.service;
    const [changed, gone] = await db.query<Array<{ customer_id: string }>>(
      `SELECT customer_id FROM tributary.attribution ORDER BY customer_id LIMIT 2`,
    );
    const [commission, earning] = await db.query<Array<{ id: string; sale: string; event: string; entry: string }>>(
      `SELECT c.id, s.source_id AS sale, c.explanation->>'eventId' AS event, e.id AS entry
         FROM tributary.commission c JOIN tributary.sale s ON s.id = c.sale_id
         JOIN tributary.ledger_entry e ON e.commission_id = c.id AND e.account = 'expense' AND e.kind = 'earning'
        WHERE c.status = 'posted' AND c.amount_minor > 0 AND c.explanation->>'eventId' IS NOT NULL ORDER BY c.id LIMIT 2`,
    );
    const [dead] = await db.query<[{ id: string }]>(
      `SELECT e.id FROM tributary.ledger_entry e JOIN tributary.commission c ON c.id = e.commission_id
        WHERE c.status = 'superseded' AND e.account = 'earned' LIMIT 1`,
    );
    await db.query(`CREATE TABLE public.aside AS SELECT * FROM tributary.attribution`);
    const by = (minor: number): string => `
      UPDATE tributary.commission SET amount_minor = amount_minor + ${minor} WHERE id = '${commission!.id}';
      UPDATE tributary.ledger_entry SET amount_minor = amount_minor + ${minor} WHERE id IN ('${earning!.entry}', '${dead.id}')`;
    const change = `${by(7)};
      UPDATE tributary.attribution SET partner_id = 'partner_x' WHERE customer_id = '${changed!.customer_id}';
      DELETE FROM tributary.attribution WHERE customer_id = '${gone!.customer_id}'`;
    const back = `${by(-7)};
      TRUNCATE tributary.attribution;
      INSERT INTO tributary.attribution SELECT * FROM public.aside;
      DROP TABLE public.aside`;
    await db.query(`CREATE DATABASE tributary_given_1`);

    const { code, out } = await tampered(change, back, () => rebuild('--scratch', urlOf('tributary_given_1')));

    expect(code).toBe(EXIT.failed);
    const lines = out.split('\n').filter((line) => / of /.test(line));
    const told = ({ id, sale, event }: NonNullable<typeof commission>, how: string): string =>
      `source invoice, sale ${sale}, partner partner_\\w+, rule reward \\(commission ${id}, sale id sale_\\w+, event ${event}\\) differs: ${how}$`;
    // Sales have ids by chance, and findings are in their order.
    expect(lines).toHaveLength(5);
    expect(lines).toEqual(
      expect.arrayContaining([
        expect.stringMatching(
          `customer ${changed!.customer_id} differs: partner is partner_x, the recomputation says partner_\\w+$`,
        ),
        expect.stringMatching(
          `customer ${gone!.customer_id} is missing; the recomputation says partner partner_\\w+, code`,
        ),
        expect.stringMatching(told(commission!, 'amountMinor is (\\d+), the recomputation says (\\d+)')),
        expect.stringMatching(
          told(
            earning!,
            'earnedMinor is \\d+, the recomputation says \\d+; netMinor is \\d+, the recomputation says \\d+',
          ),
        ),
        expect.stringMatching(/^posting without a commission in force, .* stands, .* payableMinor 7, netMinor 0$/),
      ]),
    );
    expect(out).toMatch(/^attributions +\d+ +1 +1 +0$/m);
    expect(out).toMatch(/^commissions +\d+ +2 +0 +0$/m);
    expect(out).toMatch(/^What stands and what the facts say differ\.$/m);
    // The given database is as empty as before.
    await (await givenScratchDatabase(urlOf('tributary_given_1'))).remove();
    await db.query(`DROP DATABASE tributary_given_1`);
  });

  it('leaves nothing behind when it is interrupted, and ends with 130', async () => {
    let sent = false;
    const { code } = await tributary(['rebuild', '--verify'], (_, signal) => {
      if (sent) return;
      void scratchDatabases().then((names) => {
        if (sent || names.length === 0) return;
        sent = true;
        signal('SIGINT');
      });
    });

    expect(code).toBe(EXIT.interrupted);
    expect(sent).toBe(true);
    expect(await scratchDatabases()).toEqual([]);
  });

  it.each([
    [[], /takes --verify/],
    [['--verify', '--scratch', 'here'], /--scratch takes the URL of an empty database/],
    [['--verify', '--fast'], /Unknown option/],
  ])('answers 2 to %j', async (args, sentence) => {
    const { code, err } = await tributary(['rebuild', ...args], () => undefined);

    expect(code).toBe(EXIT.usage);
    expect(err).toMatch(sentence);
  });
});
