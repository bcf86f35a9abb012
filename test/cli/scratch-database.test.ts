import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { READER_ROLE } from '../../src/database/reader-role.js';
import { connect, givenScratchDatabase, makeScratchDatabase } from '../../src/rebuild/scratch-database.js';
import { openTestDatabase, type OpenTestDatabase } from '../support/test-database.js';

/** In nobody's way: runs of other tests make databases of today. */
const LEFT = 'tributary_rebuild_1700000000_abcd';
const IN_USE = 'tributary_rebuild_1700000001_abcd';

let database: OpenTestDatabase;
beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(async () => database?.drop());

async function exists(name: string): Promise<boolean> {
  const rows = await database.dataSource.query<object[]>(`SELECT FROM pg_database WHERE datname = $1`, [name]);
  return rows.length > 0;
}

const urlOf = (name: string): string => {
  const url = new URL(database.url);
  url.pathname = `/${name}`;
  return url.href;
};

describe('the database that a rebuild works in', () => {
  it('is empty, has the order of text of the one beside it, and goes', async () => {
    const scratch = await makeScratchDatabase(database.url);

    const client = await connect(scratch.url);
    const { rows } = await client.query<{ name: string; alike: boolean }>(
      `SELECT current_database() AS name, count(DISTINCT (datcollate, datctype, encoding)) = 1 AS alike
         FROM pg_database WHERE datname IN (current_database(), $1)`,
      [database.name],
    );
    await client.end();
    await givenScratchDatabase(scratch.url);
    await scratch.remove();
    await scratch.remove();

    expect(rows).toEqual([{ name: scratch.name, alike: true }]);
    expect(await exists(scratch.name)).toBe(false);
  });

  it('is kept under a name that no later run drops', async () => {
    const kept = await (await makeScratchDatabase(database.url)).keep();

    expect(kept).toMatch(/^tributary_kept_\d+_[0-9a-f]{8}$/);
    expect(await exists(kept)).toBe(true);
    await database.dataSource.query(`DROP DATABASE ${kept}`);
  });

  it('comes with the end of those that killed runs left, but for one where somebody works', async () => {
    await database.dataSource.query(`CREATE DATABASE ${LEFT}`);
    await database.dataSource.query(`CREATE DATABASE ${IN_USE}`);
    const somebody = await connect(urlOf(IN_USE));

    const scratch = await makeScratchDatabase(database.url);

    expect(await exists(LEFT)).toBe(false);
    expect(await exists(IN_USE)).toBe(true);
    await somebody.end();
    await database.dataSource.query(`DROP DATABASE ${IN_USE} WITH (FORCE)`);
    await scratch.remove();
  });

  it('cannot be made by everybody, which is said with what to do', async () => {
    const url = new URL(database.url);
    url.searchParams.set('options', `-c role=${READER_ROLE}`);

    await expect(makeScratchDatabase(url.href)).rejects.toThrow(
      `a rebuild needs a database of its own, and ${READER_ROLE} may not create one: have "ALTER ROLE ${READER_ROLE} CREATEDB" run, or name an empty database by --scratch <url>`,
    );
  });

  it('is not one that has something in it', async () => {
    await expect(givenScratchDatabase(database.url)).rejects.toThrow(
      /^--scratch takes an empty database, and test_\w+ has \S+ in it: make a new one$/,
    );
  });
});
