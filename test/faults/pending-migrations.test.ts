import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pendingMigrations, revertLastMigration } from '../../src/database/migrate.js';
import { ChildService } from '../support/child-service.js';
import { openTestDatabase, type OpenTestDatabase } from '../support/test-database.js';

let database: OpenTestDatabase;
let dataDir: string;
let child: ChildService | undefined;

beforeAll(async () => {
  database = await openTestDatabase();
  dataDir = mkdtempSync(join(tmpdir(), 'tributary-migrations-'));
});
afterAll(async () => {
  await child?.end();
  await database.drop();
  rmSync(dataDir, { recursive: true, force: true });
});

/** How many statements wait for the lock that the test holds. */
const waiting = async (): Promise<number> => {
  const [{ n }] = await database.dataSource.query<[{ n: number }]>(
    `SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
  );
  return n;
};

const rowsWritten = async (): Promise<number> => {
  const [{ n }] = await database.dataSource.query<[{ n: number }]>(
    `SELECT (SELECT count(*) FROM tributary.workspace)::int + (SELECT count(*) FROM tributary.api_key)::int AS n`,
  );
  return n;
};

// That a running service says so at /readyz is shown in test/ops.
it('failure 54: a start with pending migrations serves and writes nothing until they have run', async () => {
  await revertLastMigration(database.dataSource);
  expect(await pendingMigrations(database.dataSource)).toHaveLength(1);
  const holder = database.dataSource.createQueryRunner();
  await holder.startTransaction();
  await holder.query(`LOCK TABLE tributary.migrations IN ACCESS EXCLUSIVE MODE`);

  child = new ChildService({ databaseUrl: database.url, dataDir });
  const limit = Date.now() + 20_000;
  while ((await waiting()) === 0 && Date.now() < limit && !child.hasEnded)
    await new Promise((resolve) => setTimeout(resolve, 10));
  const during = { ready: child.isReady, ended: child.hasEnded, rows: await rowsWritten(), waiting: await waiting() };
  await holder.rollbackTransaction();
  await holder.release();
  const url = await child.ready();

  expect(during).toEqual({ ready: false, ended: false, rows: 0, waiting: 1 });
  expect((await fetch(`${url}/readyz`)).status).toBe(200);
  expect(await rowsWritten()).toBeGreaterThan(0);
});
