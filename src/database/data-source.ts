import type { ClientBase } from 'pg';
import { DataSource, type DataSourceOptions, type Migration } from 'typeorm';

import { migrate } from './migrate.js';
import { MIGRATIONS } from './migrations.js';
import type { SchemaStep } from './schema-steps.js';

/** Where our own tables live; also TypeORM's book-keeping (`migrations`, `typeorm_metadata`). */
export const OWN_SCHEMA = 'tributary';
/** Where the mirror of Stripe's objects lives. */
export const MIRROR_SCHEMA = 'stripe';

/** An entity class, or an `EntitySchema`. */
export type EntityList = Exclude<DataSourceOptions['entities'], undefined>;

export interface DatabaseSettings {
  url: string;
  /** Listed one by one: a glob would load whatever lies in the folder. */
  entities: EntityList;
  poolSize?: number;
  /** Shown in `pg_stat_activity`. */
  applicationName?: string;
  /** 0 sends no limit; some poolers refuse it as a start-up parameter. */
  statementTimeoutMs?: number;
}

/** Below the two seconds in which a webhook must be refused when the database is away. */
const CONNECT_TIMEOUT_MS = 1_500;
const DEFAULT_POOL_SIZE = 10;
const DEFAULT_STATEMENT_TIMEOUT_MS = 30_000;

export function dataSourceOptions(settings: DatabaseSettings): DataSourceOptions {
  const timeoutMs = settings.statementTimeoutMs ?? DEFAULT_STATEMENT_TIMEOUT_MS;
  const limits = { statement_timeout: timeoutMs, idle_in_transaction_session_timeout: 2 * timeoutMs };
  return {
    type: 'postgres',
    url: settings.url,
    schema: OWN_SCHEMA,
    entities: settings.entities,
    migrations: [...MIGRATIONS],
    migrationsTableName: 'migrations',
    synchronize: false,
    migrationsRun: false,
    installExtensions: false,
    logging: false,
    poolSize: settings.poolSize ?? DEFAULT_POOL_SIZE,
    connectTimeoutMS: CONNECT_TIMEOUT_MS,
    applicationName: settings.applicationName ?? 'tributary',
    extra: { keepAlive: true, onConnect: outliveTheServer, ...(timeoutMs > 0 ? limits : {}) },
  };
}

/**
 * A connection that breaks tells its query, or the pool; but between two owners nobody listens, and an error that nobody
 * hears would end the process.
 */
function outliveTheServer(client: ClientBase): void {
  client.on('error', () => undefined);
}

/** TypeORM's data source, whose migrations (also from its command line) run under our lock and in one transaction. */
export class TributaryDataSource extends DataSource {
  constructor(
    options: DataSourceOptions,
    readonly schemaSteps: readonly SchemaStep[] = [],
  ) {
    super(options);
  }

  override async runMigrations(): Promise<Migration[]> {
    return await migrate(this);
  }
}
