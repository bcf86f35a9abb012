import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { MS_PER_SECOND } from '../common/clock.js';

/** `tributary_rebuild_<seconds when it was made>_<random>` */
const PREFIX = 'tributary_rebuild_';
/** What was made just now may not have anybody connected to it yet. */
const LEFT_BEHIND_AFTER_SECONDS = 60;
const CONNECT_LIMIT_MS = 5_000;
/** All that a rebuild makes in a database. */
const SCHEMAS = ['rebuild', 'billing', 'stripe', 'tributary'];
const MAY_NOT = '42501';

/** A database that a rebuild may fill, and leaves as it found it. */
export interface ScratchDatabase {
  url: string;
  /** As it is told to people. */
  name: string;
  /** Everything that was made is gone. Safe to repeat. */
  remove(): Promise<void>;
  /** It stays, and no later run takes it for one that was left behind. Answers its name from then on. */
  keep(): Promise<string>;
}

/**
 * Makes a database beside the one at `url`, with its rules for the order of text, and drops those that killed runs left
 * behind. Errors: one sentence that says what is missing when the user of `url` may not make databases.
 */
export async function makeScratchDatabase(url: string): Promise<ScratchDatabase> {
  const name = `${PREFIX}${Math.floor(Date.now() / MS_PER_SECOND)}_${randomBytes(4).toString('hex')}`;
  await at(url, async (server) => {
    await dropLeftBehind(server);
    await create(name, server);
  });
  return {
    url: withDatabase(url, name),
    name,
    remove: () => at(url, (server) => dropDatabase(server, name)),
    keep: async () => {
      const kept = name.replace(PREFIX, 'tributary_kept_');
      await at(url, (server) => exec(server, `ALTER DATABASE ${name} RENAME TO ${kept}`));
      return kept;
    },
  };
}

/** The empty database that the caller names. Errors: one sentence when something is in it. */
export async function givenScratchDatabase(url: string): Promise<ScratchDatabase> {
  const name = new URL(url).pathname.slice(1);
  await at(url, async (database) => {
    const { rows } = await database.query<{ name: string }>(
      `SELECT c.oid::regclass::text AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\\_%' LIMIT 1`,
    );
    const [found] = rows;
    if (found !== undefined)
      throw new Error(`--scratch takes an empty database, and ${name} has ${found.name} in it: make a new one`);
  });
  return {
    url,
    name,
    remove: () => at(url, (database) => exec(database, `DROP SCHEMA IF EXISTS ${SCHEMAS.join(', ')} CASCADE`)),
    keep: () => Promise.resolve(name),
  };
}

async function create(name: string, server: pg.Client): Promise<void> {
  const { rows } = await server.query<{ collation: string; ctype: string; user: string; purpose: string }>(
    `SELECT quote_literal(datcollate) AS collation, quote_literal(datctype) AS ctype, current_user AS user,
            quote_literal('a rebuild of ' || datname) AS purpose
       FROM pg_database WHERE datname = current_database()`,
  );
  const { collation, ctype, user, purpose } = rows[0] as (typeof rows)[number];
  try {
    await exec(
      server,
      `CREATE DATABASE ${name} TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE ${collation} LC_CTYPE ${ctype}`,
    );
  } catch (error) {
    if ((error as { code?: string }).code !== MAY_NOT) throw error;
    const remedy = `have "ALTER ROLE ${user} CREATEDB" run, or name an empty database by --scratch <url>`;
    throw new Error(`a rebuild needs a database of its own, and ${user} may not create one: ${remedy}`, {
      cause: error,
    });
  }
  await exec(server, `COMMENT ON DATABASE ${name} IS ${purpose}`);
  // Nothing here has to survive a crash.
  await exec(server, `ALTER DATABASE ${name} SET synchronous_commit = off`);
}

/**
 * With the sessions of whoever may be sent away. Not by `WITH (FORCE)`: that is refused while autovacuum works there, whose
 * process is no role's; a plain drop ends it and waits until everybody is gone.
 */
export async function dropDatabase(server: pg.Client, name: string): Promise<void> {
  await server.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = $1 AND backend_type = 'client backend' AND pg_has_role(usesysid, 'USAGE')`,
    [name],
  );
  await exec(server, `DROP DATABASE IF EXISTS ${name}`);
}

/** Where somebody works, or has only just begun, nothing is dropped; what another user made cannot be. */
async function dropLeftBehind(server: pg.Client): Promise<void> {
  const { rows } = await server.query<{ datname: string }>(
    `SELECT datname FROM pg_database d
      WHERE datname ~ '^${PREFIX}[0-9]+_[0-9a-f]+$' AND pg_has_role(datdba, 'USAGE')
        AND split_part(datname, '_', 3)::bigint < extract(epoch FROM now()) - ${LEFT_BEHIND_AFTER_SECONDS}
        AND NOT EXISTS (SELECT FROM pg_stat_activity a WHERE a.datid = d.oid)`,
  );
  for (const { datname } of rows) await exec(server, `DROP DATABASE IF EXISTS ${datname}`).catch(() => undefined);
}

async function exec(client: pg.Client, statement: string): Promise<void> {
  await client.query(statement);
}

async function at<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = await connect(url);
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** Without a limit on the time of statements, and with times shown in UTC. */
export async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: CONNECT_LIMIT_MS,
    application_name: 'tributary-rebuild',
  });
  // A connection that breaks while nobody waits on it must not end the process with a stack.
  client.on('error', () => undefined);
  await client.connect();
  await client.query(`SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0; SET timezone = 'UTC'`);
  return client;
}

function withDatabase(url: string, name: string): string {
  const other = new URL(url);
  other.pathname = `/${name}`;
  return other.href;
}
