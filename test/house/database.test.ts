import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { createDataSource } from '../../ormconfig.js';
import {
  forgetGeneratedColumns,
  generatedColumnsSql,
  registerGeneratedColumns,
} from '../../src/database/generated-columns.js';
import { migrate, pendingMigrations, revertLastMigration } from '../../src/database/migrate.js';
import { createTestDatabase, openTestDatabase, type OpenTestDatabase } from '../support/test-database.js';

describe('the database', () => {
  let database: OpenTestDatabase;

  beforeAll(async () => {
    database = await openTestDatabase();
  });
  afterAll(async () => {
    await database.drop();
  });

  it('belongs to a role that is no superuser', async () => {
    const [role] = await database.dataSource.query<{ rolsuper: boolean }[]>(
      'select rolsuper from pg_roles where rolname = current_user',
    );

    expect(role).toEqual({ rolsuper: false });
  });

  it('comes migrated from the template', async () => {
    expect(await pendingMigrations(database.dataSource)).toEqual([]);
  });

  it('is not shared between two test files', async () => {
    const other = await createTestDatabase();

    expect(other.name).not.toBe(database.name);
    await other.drop();
  });

  it('is migrated once when replicas start together', async () => {
    await revertLastMigration(database.dataSource);
    const replicas = [1, 2, 3].map(() => createDataSource({ url: database.url, poolSize: 2 }));
    await Promise.all(replicas.map((replica) => replica.initialize()));

    const applied = await Promise.all(replicas.map((replica) => migrate(replica)));

    expect(applied.flat()).toHaveLength(1);
    await Promise.all(replicas.map((replica) => replica.destroy()));
  });

  it('remembers the expression of a generated column until it is forgotten', async () => {
    const columns = { status: { type: 'text', expression: `data->>'status'` } };
    const runner = database.dataSource.createQueryRunner();
    await runner.query(`create table stripe.things (data jsonb not null, ${generatedColumnsSql(columns)})`);
    await runner.query(`insert into stripe.things values ('{"status":"open"}')`);

    await registerGeneratedColumns(runner, 'stripe.things', columns);

    const noted = () => runner.query(`select "name", "value" from tributary.typeorm_metadata where "table" = 'things'`);
    expect(await noted()).toEqual([{ name: 'status', value: `data->>'status'` }]);
    expect(await runner.query('select status from stripe.things')).toEqual([{ status: 'open' }]);
    await forgetGeneratedColumns(runner, 'stripe.things');
    expect(await noted()).toEqual([]);
    await runner.release();
  });
});
