import { randomBytes } from 'node:crypto';

import pg from 'pg';
import type { DataSource } from 'typeorm';

import { createDataSource } from '../../ormconfig.js';
import { dropDatabase } from '../../src/rebuild/scratch-database.js';

const TEMPLATE = 'tributary';

export interface TestDatabase {
  url: string;
  name: string;
  /** Also ends whatever is still connected. */
  drop(): Promise<void>;
}

/** A migrated, empty database of its own, in some 30 ms. One per test file; drop it in `afterAll`. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const name = `test_${process.pid}_${randomBytes(5).toString('hex')}`;
  await onOwnServer(async (client) => {
    await client.query(`create database ${name} template ${TEMPLATE} strategy file_copy`);
  });
  return {
    url: urlOf(name),
    name,
    drop: () => onOwnServer((client) => dropDatabase(client, name)),
  };
}

export interface OpenTestDatabase extends TestDatabase {
  dataSource: DataSource;
}

/** The same with TypeORM already connected; `drop()` closes that first. */
export async function openTestDatabase(): Promise<OpenTestDatabase> {
  const database = await createTestDatabase();
  const dataSource = await createDataSource({ url: database.url, applicationName: 'tributary-test' }).initialize();
  return {
    ...database,
    dataSource,
    async drop() {
      if (dataSource.isInitialized) await dataSource.destroy();
      await database.drop();
    },
  };
}

interface TestCluster {
  url: string;
  proof: string;
}

function testCluster(): TestCluster {
  const description = process.env.TRIBUTARY_TEST_CLUSTER;
  if (!description) throw new Error('no test cluster: start the tests with `npm test`, which runs global-setup.mjs');
  return JSON.parse(description) as TestCluster;
}

function urlOf(database: string): string {
  const url = new URL(testCluster().url);
  url.pathname = `/${database}`;
  return url.href;
}

/** Only the cluster that this very run started knows the proof; on any other server nothing is written. */
async function onOwnServer(work: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = new pg.Client({ connectionString: urlOf('postgres') });
  await client.connect();
  try {
    const { rows } = await client.query<{ proof: string }>(`select current_setting('cluster_name') as proof`);
    if (rows[0]?.proof !== testCluster().proof) throw new Error('this PostgreSQL is not the one this test run started');
    await work(client);
  } finally {
    await client.end();
  }
}
