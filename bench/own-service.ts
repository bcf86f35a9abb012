import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../src/database/embedded-postgres.js';

const MAIN = fileURLToPath(new URL('../src/main.js', import.meta.url));
const START_LIMIT_MS = 60_000;
const STOP_LIMIT_MS = 30_000;
const POLL_MS = 20;

/** A throw-away PostgreSQL with the settings the service ships with, everything durable, in a folder of its own. */
export class OwnPostgres {
  private constructor(
    private readonly server: EmbeddedPostgres,
    private readonly folder: string,
    private readonly proof: string,
  ) {}

  static async start(): Promise<OwnPostgres> {
    const folder = mkdtempSync(join(tmpdir(), 'tributary-bench-'));
    const proof = `tributary-bench-${randomUUID()}`;
    try {
      return new OwnPostgres(
        await startEmbeddedPostgres({ dataDir: folder, settings: { cluster_name: proof } }),
        folder,
        proof,
      );
    } catch (error) {
      rmSync(folder, { recursive: true, force: true });
      throw error;
    }
  }

  get pid(): number {
    return this.server.pid;
  }

  /** A new, empty database; refuses any server but the one that was started here, and one that is not durable. */
  async createDatabase(name: string): Promise<string> {
    const client = new pg.Client({ connectionString: this.server.url });
    await client.connect();
    try {
      const setting = async (of: string): Promise<string> =>
        (await client.query<{ value: string }>(`SELECT current_setting($1) AS value`, [of])).rows[0]?.value ?? '';
      if ((await setting('cluster_name')) !== this.proof) throw new Error('this is not the server of this benchmark');
      for (const of of ['fsync', 'synchronous_commit', 'full_page_writes'])
        if ((await setting(of)) !== 'on') throw new Error(`${of} is not on; the figures would be of no use`);
      await client.query(`CREATE DATABASE ${name}`);
    } finally {
      await client.end();
    }
    const url = new URL(this.server.url);
    url.pathname = `/${name}`;
    return url.href;
  }

  newFolder(name: string): string {
    const folder = join(this.folder, name);
    mkdirSync(folder);
    return folder;
  }

  async stop(): Promise<void> {
    await this.server.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** The built service in a process of its own, as it runs in production but for the address it listens on. */
export class OwnService {
  private constructor(
    private readonly child: ChildProcess,
    private readonly logFile: string,
    readonly exited: Promise<void>,
  ) {}

  static async start(settings: Record<string, string>, folder: string, nodeOptions: string[]): Promise<OwnService> {
    const logFile = join(folder, 'service.log');
    const log = openSync(logFile, 'w');
    const own = { PATH: process.env.PATH ?? '', PORT: '0', GRPC_PORT: '0', TRIBUTARY_DATA_DIR: folder };
    const child = spawn(process.execPath, ['--enable-source-maps', ...nodeOptions, MAIN], {
      cwd: folder,
      env: { ...own, NODE_ENV: 'production', LOG_FORMAT: 'json', ...settings },
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    // However the benchmark ends, the service ends with it.
    const kill = (): void => void child.kill('SIGKILL');
    process.once('exit', kill);
    void exited.then(() => process.removeListener('exit', kill));
    const service = new OwnService(child, logFile, exited);
    await service.ready();
    return service;
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  get url(): URL {
    return new URL(/^ {2}HTTP\s+(\S+)/m.exec(this.log())?.[1] ?? '');
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    this.child.kill('SIGTERM');
    const timer = setTimeout(() => this.child.kill('SIGKILL'), STOP_LIMIT_MS);
    await this.exited;
    clearTimeout(timer);
  }

  private async ready(): Promise<void> {
    const limit = Date.now() + START_LIMIT_MS;
    while (!this.log().includes('Tributary is ready')) {
      if (Date.now() > limit || this.child.exitCode !== null) {
        this.child.kill('SIGKILL');
        throw new Error(`the service did not start: ${this.log().slice(-2_000)}`);
      }
      await sleep(POLL_MS);
    }
  }

  private log(): string {
    return readFileSync(this.logFile, 'utf8');
  }
}
