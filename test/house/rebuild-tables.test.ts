import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DERIVED, EVENTS, FOUND, MIRROR, NOT_CONCERNED, RECORDED } from '../../src/rebuild/rebuild-tables.js';
import { openTestDatabase, type OpenTestDatabase } from '../support/test-database.js';

let database: OpenTestDatabase;
beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(async () => database?.drop());

async function tablesOf(schema: string): Promise<string[]> {
  const rows = await database.dataSource.query<Array<{ name: string }>>(
    `SELECT c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname = $1 AND c.relkind IN ('r', 'p') AND NOT c.relispartition`,
    [schema],
  );
  return rows.map(({ name }) => name).sort();
}

describe('a rebuild', () => {
  it('has one place for every table: what it copies, applies, works out anew or leaves alone', async () => {
    const placed = [...RECORDED, EVENTS, FOUND, ...DERIVED, ...NOT_CONCERNED];

    expect(await tablesOf('tributary')).toEqual([...placed].sort());
  });

  it('knows every table of the mirror', async () => {
    expect(await tablesOf('stripe')).toEqual([...MIRROR].sort());
  });
});
