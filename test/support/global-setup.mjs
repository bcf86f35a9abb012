import 'reflect-metadata';

import { createDataSource } from '../../dist/ormconfig.js';
import { startEmbeddedPostgres } from '../../dist/src/database/embedded-postgres.js';
import { startTestCluster } from './test-cluster.mjs';

/** One cluster for the whole run; its database `tributary` is migrated once and then only copied. */
export default async function globalSetup() {
  const cluster = await startTestCluster(startEmbeddedPostgres);
  globalThis.tributaryTestCluster = cluster;
  process.env.TRIBUTARY_TEST_CLUSTER = JSON.stringify({ url: cluster.url, proof: cluster.proof });

  const dataSource = await createDataSource({ url: cluster.url }).initialize();
  await dataSource.runMigrations();
  await dataSource.destroy();
}
