import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startEmbeddedPostgres } from '../../src/database/embedded-postgres.js';
import { createTestDatabase } from '../support/test-database.js';
import type { TestDatabase } from '../support/test-database.js';

const SQL = fileURLToPath(new URL('../../dist/src/cli/sql.js', import.meta.url));

let database: TestDatabase;
let folder: string;

beforeAll(async () => {
  database = await createTestDatabase();
  folder = mkdtempSync(join(tmpdir(), 'tributary-sql-'));
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await database?.drop();
});

function sql(args: string[], env: Record<string, string> = { DATABASE_URL: database.url }) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [SQL, ...args], {
    env: { PATH: process.env.PATH, TRIBUTARY_DATA_DIR: folder, ...env },
    cwd: folder,
    encoding: 'utf8',
  });
  return { status, out: stdout, err: stderr };
}

describe('npm run sql', () => {
  it('prints an aligned table', () => {
    const { status, out } = sql([`SELECT * FROM (VALUES ('Ada', 5), ('Bruno', 12), (NULL, 100)) AS t (name, "of")`]);

    expect(status).toBe(0);
    expect(out).toBe('name    of\n─────  ───\nAda      5\nBruno   12\n       100\n(3 rows)\n');
  });

  it('prints JSON with --json', () => {
    const { out } = sql(['--json', `SELECT 1 AS n, timestamptz '2026-01-31 12:00:00+00' AS at, NULL AS nothing`]);

    expect(JSON.parse(out)).toEqual([{ n: 1, at: '2026-01-31T12:00:00.000Z', nothing: null }]);
  });

  it('lists the tables', () => {
    const { out } = sql(['--tables']);

    expect(out).toMatch(/^tributary\.ledger_entry +workspace_id id /m);
    expect(out).toMatch(/^stripe\.invoices +workspace_id account id /m);
  });

  it.each([
    ['a write', `UPDATE tributary.readiness SET checked_at = now()`, /read-only transaction/],
    ['a write behind a commit', `COMMIT; UPDATE tributary.readiness SET checked_at = now()`, /one statement/],
    ['an unknown table', `SELECT * FROM tributary.nothing`, /does not exist \(--tables lists/],
  ])('refuses %s in one line', (_, statement, sentence) => {
    const { status, out, err } = sql([statement]);

    expect(status).toBe(1);
    expect(out).toBe('');
    expect(err).toMatch(sentence);
    expect(err.trim().split('\n')).toHaveLength(1);
  });

  it('says what to do when no database runs, and how it is used', () => {
    expect(sql(['SELECT 1'], {})).toMatchObject({
      status: 1,
      err: expect.stringMatching(/No PostgreSQL runs below .*npm start/),
    });
    expect(sql([])).toMatchObject({ status: 2, err: expect.stringContaining('npm run sql -- "SELECT') });
  });

  it('finds the embedded PostgreSQL that runs, and leaves it running', async () => {
    const postgres = await startEmbeddedPostgres({ dataDir: folder, settings: { fsync: 'off' } });
    try {
      expect(sql(['SELECT current_user AS who'], {}).out).toContain('tributary');
      expect(() => process.kill(postgres.pid, 0)).not.toThrow();
    } finally {
      await postgres.stop();
    }
    expect(sql(['SELECT 1'], {}).err).toContain('No PostgreSQL runs');
  }, 180_000);
});
