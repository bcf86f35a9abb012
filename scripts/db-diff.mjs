// Do the migrations make exactly the schema that the entities describe? Prints the statements that are missing.
// With DATABASE_URL_DIFF an empty database of that server is used, else a throw-away one is started.
import 'reflect-metadata';

import { createDataSource } from '../dist/ormconfig.js';
import { processEnvironment } from '../dist/src/config/app-config.js';
import { startEmbeddedPostgres } from '../dist/src/database/embedded-postgres.js';
import { checkMigrations } from '../dist/src/database/schema-diff.js';
import { startTestCluster } from '../test/support/test-cluster.mjs';

const givenUrl = processEnvironment().DATABASE_URL_DIFF;
const cluster = givenUrl ? null : await startTestCluster(startEmbeddedPostgres);
const dataSource = await createDataSource({ url: givenUrl ?? cluster.url }).initialize();
try {
  const findings = await checkMigrations(dataSource);
  for (const finding of findings) console.log(finding);
  console.log(
    findings.length === 0 ? 'The migrations make the schema of the entities.' : `${findings.length} differences`,
  );
  process.exitCode = findings.length === 0 ? 0 : 1;
} finally {
  await dataSource.destroy();
  cluster?.stop();
}
