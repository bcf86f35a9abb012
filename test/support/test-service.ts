import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Logger } from '@nestjs/common';
import type { ModuleMetadata } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { DataSource } from 'typeorm';
import { ApiKeysService } from '../../src/access/api-keys.service.js';
import type { GrantedScope } from '../../src/access/policy.js';
import type { AccessLimits } from '../../src/access/rate-limits.service.js';
import { WorkspacesService } from '../../src/access/workspaces.service.js';
import { createService } from '../../src/bootstrap.js';
import type { RunningService } from '../../src/bootstrap.js';
import type { AppConfig } from '../../src/config/app-config.js';
import { loadConfig } from '../../src/config/app-config.js';
import { grpcCaller } from './grpc-caller.js';
import type { GrpcCaller } from './grpc-caller.js';
import { createTestDatabase } from './test-database.js';

export interface TestServiceOptions {
  /** Further settings, by the names of the environment. */
  env?: Record<string, string>;
  /** A sandbox in this process; on when it is there. */
  sandbox?: boolean;
  /** `manual` (default): the test runs them, by `workers.get(name)`. */
  workers?: 'manual' | 'running';
  limits?: AccessLimits;
  modules?: ModuleMetadata['imports'];
  protoFiles?: readonly string[];
  /** Another service's database, to run a second replica. Not dropped at the end. */
  databaseUrl?: string;
}

export interface HttpAnswer<T = unknown> {
  status: number;
  body: T;
  headers: Headers;
}

export interface TestService extends Pick<RunningService, 'clock' | 'workers' | 'sandbox' | 'routes' | 'httpUrl'> {
  app: NestFastifyApplication;
  service: RunningService;
  config: AppConfig;
  db: DataSource;
  databaseUrl: string;
  /** Of the home workspace, with every scope. */
  apiKey: string;
  workspaceId: string;
  /** Sends JSON with the first key; a header given as '' is left out. */
  http<T = Record<string, unknown>>(
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<HttpAnswer<T>>;
  grpc: GrpcCaller;
  grpcAddress: string;
  /** A key of the home workspace, or of another one. */
  newKey(scopes: readonly GrantedScope[], options?: { workspaceId?: string; expiresAt?: Date }): Promise<string>;
  /** A second company, which must not see anything of the first. */
  newWorkspace(): Promise<string>;
  stop(): Promise<void>;
}

/** The real service on free ports, with a database of its own. Stop it in `afterAll`. */
export async function startTestService(options: TestServiceOptions = {}): Promise<TestService> {
  if (!process.env.TEST_LOG) Logger.overrideLogger(false);
  const database = options.databaseUrl === undefined ? await createTestDatabase() : null;
  const dataDir = mkdtempSync(join(tmpdir(), 'tributary-service-'));
  const apiKey =
    options.env?.TRIBUTARY_API_KEY ?? `trb_test${randomBytes(4).toString('hex')}_${randomBytes(32).toString('hex')}`;
  const databaseUrl = database?.url ?? options.databaseUrl ?? '';
  const cleanUp = async (): Promise<void> => {
    await database?.drop();
    rmSync(dataDir, { recursive: true, force: true });
  };
  try {
    const config = loadConfig({
      ...environment(options),
      TRIBUTARY_DATA_DIR: dataDir,
      DATABASE_URL: databaseUrl,
      TRIBUTARY_API_KEY: apiKey,
      ...options.env,
    });
    const { limits, modules, protoFiles } = options;
    const workers = options.workers === 'running' ? 'by role' : 'manual';
    const service = await createService(config, { workers, limits, modules, protoFiles });
    return await testService(service, { apiKey, protoFiles: protoFiles ?? [], cleanUp });
  } catch (error) {
    await cleanUp();
    throw error;
  }
}

function environment({ sandbox }: TestServiceOptions): Record<string, string> {
  const isThere = existsSync(fileURLToPath(new URL('../../sandbox/stripe-sandbox.ts', import.meta.url)));
  const mode = (sandbox ?? isThere) ? 'on' : 'off';
  return { PORT: '0', GRPC_PORT: '0', TRIBUTARY_SANDBOX: mode, TRIBUTARY_SANDBOX_PORT: '0' };
}

interface Extras {
  apiKey: string;
  protoFiles: readonly string[];
  cleanUp(): Promise<void>;
}

async function testService(service: RunningService, { apiKey, protoFiles, cleanUp }: Extras): Promise<TestService> {
  const { app, config, db, databaseUrl, clock, workers, sandbox, routes, httpUrl } = service;
  const grpcAddress = service.grpcAddress ?? '';
  const grpc = grpcCaller(grpcAddress, protoFiles, { authorization: `Bearer ${apiKey}` });
  const workspaces = app.get(WorkspacesService);
  const workspaceId = (await workspaces.ensureHome()).id;
  const keys = app.get(ApiKeysService);
  return {
    ...{
      app,
      service,
      config,
      db,
      databaseUrl,
      clock,
      workers,
      sandbox,
      routes,
      httpUrl,
      grpcAddress,
      apiKey,
      workspaceId,
      grpc,
    },
    http: (method, path, body, headers) =>
      sendJson(httpUrl + path, method, body, { authorization: `Bearer ${apiKey}`, ...headers }),
    newKey: async (scopes, { workspaceId: other = workspaceId, expiresAt } = {}) =>
      (await keys.create({ workspaceId: other, name: 'test', scopes, expiresAt })).token,
    newWorkspace: async () => (await workspaces.create({ name: 'Another company', livemode: false })).id,
    stop: async () => {
      grpc.close();
      await service.stop();
      await cleanUp();
    },
  };
}

async function sendJson<T>(
  url: string,
  method: string,
  body: unknown,
  headers: Record<string, string>,
): Promise<HttpAnswer<T>> {
  const sent = Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== ''));
  const hasBody = body !== undefined;
  const answer = await fetch(url, {
    method,
    redirect: 'manual',
    headers: hasBody ? { 'content-type': 'application/json', ...sent } : sent,
    body: hasBody ? (typeof body === 'string' ? body : JSON.stringify(body)) : undefined,
  });
  const text = await answer.text();
  const isJson = answer.headers.get('content-type')?.startsWith('application/json') ?? false;
  return {
    status: answer.status,
    body: (isJson && text !== '' ? JSON.parse(text) : text) as T,
    headers: answer.headers,
  };
}
