import { loadConfig, processEnvironment } from './src/config/app-config.js';
import { type DatabaseSettings, dataSourceOptions, TributaryDataSource } from './src/database/data-source.js';
import { type EmbeddedPostgres, startEmbeddedPostgres } from './src/database/embedded-postgres.js';
import { ENTITIES, SCHEMA_STEPS } from './src/entities.js';

/** The one way to a data source: the service, the operator's commands, the tests and TypeORM's own tool all take it. */
export function createDataSource(settings: Omit<DatabaseSettings, 'entities'>): TributaryDataSource {
  return new TributaryDataSource(dataSourceOptions({ ...settings, entities: ENTITIES }), SCHEMA_STEPS);
}

/** What TypeORM's command line opens: the environment is read, and the embedded database started, only then. */
class CommandLineDataSource extends TributaryDataSource {
  private embedded: EmbeddedPostgres | null = null;

  override async initialize(): Promise<this> {
    const config = loadConfig(processEnvironment());
    if (!config.databaseUrl) this.embedded = await startEmbeddedPostgres({ dataDir: config.dataDir });
    this.setOptions({ url: config.databaseUrl ?? this.embedded?.url });
    return await super.initialize();
  }

  override async destroy(): Promise<void> {
    await super.destroy();
    await this.embedded?.stop();
  }
}

export default new CommandLineDataSource(
  dataSourceOptions({ url: '', entities: ENTITIES, applicationName: 'tributary-typeorm' }),
  SCHEMA_STEPS,
);
