import type { AddressInfo } from 'node:net';
import { Logger } from '@nestjs/common';
import type { ModuleMetadata } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { DataSource } from 'typeorm';
import { createDataSource } from '../ormconfig.js';
import { FirstKeyService } from './access/first-key.service.js';
import { AccessLimits } from './access/rate-limits.service.js';
import { ApiDocument } from './api-document.js';
import { AppModule } from './app.module.js';
import type { Clock } from './common/clock.js';
import type { AppConfig } from './config/app-config.js';
import { KeptPostgres } from './database/kept-postgres.js';
import { migrate } from './database/migrate.js';
import { GrpcFace, loadContract } from './grpc-server.js';
import { createHttpFace, hostInUrl } from './http-server.js';
import type { HttpRoute } from './http-server.js';
import { enterSandboxMode, keepApiKey } from './sandbox-mode.js';
import type { SandboxHandle } from './sandbox-mode.js';
import { stopHttp } from './stop-http.js';
import { WorkerRegistry } from './worker-registry.js';

export interface ServiceOptions {
  /** `manual` leaves the workers standing, for tests that run them step by step. By role when left out. */
  workers?: 'by role' | 'manual';
  limits?: AccessLimits;
  /** Further modules and proto files, for tests of the faces themselves. */
  modules?: ModuleMetadata['imports'];
  protoFiles?: readonly string[];
}

export interface RunningService {
  app: NestFastifyApplication;
  /** As the service uses it: in sandbox mode with the sandbox's address and secrets. */
  config: AppConfig;
  db: DataSource;
  databaseUrl: string;
  clock: Clock;
  workers: WorkerRegistry;
  httpUrl: string;
  /** Null in the role `worker`. */
  grpcAddress: string | null;
  routes: readonly HttpRoute[];
  sandbox: SandboxHandle | null;
  /** The first API key when it was made just now; never to be seen again. */
  newApiKey: string | null;
  /** Stops accepting, finishes what is under way, and leaves nothing behind. Safe to repeat. */
  stop(): Promise<void>;
}

type Drain = () => Promise<void>;

/** What must be undone when the service stops, or when its start fails half-way; newest first. */
export class Undo {
  private readonly steps: (() => Promise<unknown> | void)[] = [];
  private done: Promise<void> | null = null;

  add(step: () => Promise<unknown> | void): void {
    this.steps.push(step);
  }

  /** Every step is tried; the first failure is thrown at the end. */
  run(): Promise<void> {
    this.done ??= this.runAll();
    return this.done;
  }

  private async runAll(): Promise<void> {
    const failures: unknown[] = [];
    for (const step of this.steps.reverse()) {
      try {
        await step();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }
}

/** Starts the whole service in the role that `config` asks for: database, schema, sandbox, both faces, workers. */
export async function createService(config: AppConfig, options: ServiceOptions = {}): Promise<RunningService> {
  const undo = new Undo();
  try {
    return await start(config, options, undo);
  } catch (error) {
    await undo.run().catch((failure: unknown) => new Logger('Start').error(failure));
    throw error;
  }
}

async function start(given: AppConfig, options: ServiceOptions, undo: Undo): Promise<RunningService> {
  const { databaseUrl, dataSource: db } = await openDatabase(given, undo);
  const { config, clock, sandbox, sandboxClock } = await enterSandboxMode(given, undo);

  const limits = options.limits ?? new AccessLimits();
  const http = createHttpFace(config);
  const module = AppModule.forRoot({ config, dataSource: db, clock, limits, sandboxClock }, options.modules);
  const app = await NestFactory.create<NestFastifyApplication>(module, http.adapter, {
    bodyParser: false,
    abortOnError: false,
  });
  undo.add(() => app.close());
  const newApiKey = await app.get(FirstKeyService).ensure();
  if (newApiKey !== null && config.sandbox) keepApiKey(config.dataDir, newApiKey);
  const workers = app.get(WorkerRegistry);
  // Taking nothing new and finishing what is under way happens on all sides at once; only then is anything closed.
  const drains: Drain[] = [() => workers.stop()];
  undo.add(() => Promise.all(drains.map((drain) => drain())));

  const face = new GrpcFace(config, loadContract(options.protoFiles));
  const grpcAddress = config.role === 'worker' ? null : await listenGrpc(app, face, drains);
  const httpUrl = await listenHttp(app, config, drains);
  app.get(ApiDocument).describe(app);
  await sandbox?.deliverTo(`${httpUrl}/webhooks/stripe`);
  if (config.role !== 'api' && options.workers !== 'manual') workers.start();

  return {
    ...{ app, config, db, databaseUrl, clock, workers, httpUrl, grpcAddress, newApiKey },
    routes: http.routes,
    sandbox: sandbox?.handle ?? null,
    stop: () => undo.run(),
  };
}

export async function openDatabase(
  config: AppConfig,
  undo: Undo,
): Promise<{ databaseUrl: string; dataSource: DataSource }> {
  const databaseUrl = await reachDatabase(config, undo);
  const { databasePoolSize: poolSize, databaseStatementTimeoutMs: statementTimeoutMs } = config;
  const dataSource = await createDataSource({ url: databaseUrl, poolSize, statementTimeoutMs })
    .initialize()
    .catch((cause: unknown) => {
      throw config.databaseUrl === undefined ? cause : unusableDatabase(databaseUrl, cause);
    });
  undo.add(async () => {
    if (dataSource.isInitialized) await dataSource.destroy();
  });
  await migrate(dataSource);
  return { databaseUrl, dataSource };
}

/** Where the database answers; nobody has spoken to it yet. */
export async function reachDatabase(config: AppConfig, undo: Undo): Promise<string> {
  return config.databaseUrl ?? (await startOwnPostgres(config, undo));
}

function unusableDatabase(url: string, cause: unknown): Error {
  const why = cause instanceof Error ? cause.message : String(cause);
  const shown = new URL(url);
  shown.password = '';
  return new Error(
    `DATABASE_URL is ${shown.href}, which cannot be used (${why}); it must name a PostgreSQL that answers`,
    { cause },
  );
}

async function startOwnPostgres({ dataDir }: AppConfig, undo: Undo): Promise<string> {
  const logger = new Logger('Database');
  const postgres = await KeptPostgres.start({ dataDir, log: (line) => logger.log(line) });
  undo.add(() => postgres.stop());
  return postgres.url;
}

async function listenGrpc(app: NestFastifyApplication, face: GrpcFace, drains: Drain[]): Promise<string> {
  app.connectMicroservice({ strategy: face }, { inheritAppConfig: true });
  await app.startAllMicroservices();
  drains.push(() => face.close());
  return face.address;
}

async function listenHttp(app: NestFastifyApplication, config: AppConfig, drains: Drain[]): Promise<string> {
  await app.listen({ port: config.port, host: config.host });
  const server = app.getHttpServer();
  drains.push(() => stopHttp(server));
  return `http://${hostInUrl(config.host)}:${(server.address() as AddressInfo).port}`;
}
