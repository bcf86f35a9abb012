import { Logger } from '@nestjs/common';
import { READER_ROLE } from '../../database/reader-role.js';
import type { SchemaStep } from '../../database/schema-steps.js';
import { VIEWS } from './views-schema.js';

/** Secrets, people's keys and their hashes are in schema `tributary`, which is not among them. */
const READABLE = ['billing', 'stripe'];

/** What a database owner who may not create roles has run by somebody who may; `docs/sql.md` shows the same. */
export const READER_GRANTS: readonly string[] = READABLE.flatMap((schema) => [
  `GRANT USAGE ON SCHEMA ${schema} TO ${READER_ROLE}`,
  `GRANT SELECT ON ALL TABLES IN SCHEMA ${schema} TO ${READER_ROLE}`,
  `ALTER DEFAULT PRIVILEGES IN SCHEMA ${schema} GRANT SELECT ON TABLES TO ${READER_ROLE}`,
]);

/** Comes after every step that makes tables or views. Roles belong to the whole server, so another database may have made it. */
export const READER: SchemaStep = {
  name: 'read-only role',
  describe: (dataSource) => [VIEWS.describe(dataSource), READER_ROLE, ...READER_GRANTS].join('\n'),
  apply: async (runner) => {
    await runner.query(`DO $$ BEGIN
      IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '${READER_ROLE}')
         AND (SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user) THEN
        CREATE ROLE ${READER_ROLE} NOLOGIN;
      END IF;
      -- Another database of this server was faster.
      EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
    END $$`);
    const [role] = (await runner.query(`SELECT FROM pg_roles WHERE rolname = '${READER_ROLE}'`)) as unknown[];
    if (role === undefined) {
      new Logger('Schema').warn(
        `the role ${READER_ROLE} does not exist and this database user may not create roles; docs/sql.md has the statements for somebody who may`,
      );
      return;
    }
    for (const statement of READER_GRANTS) await runner.query(statement);
  },
};
