import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { Agent, createServer, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestDatabase } from '../support/test-database.js';
import type { TestDatabase } from '../support/test-database.js';

const MAIN = process.env.TEST_MAIN ?? fileURLToPath(new URL('../../dist/src/main.js', import.meta.url));
const START_LIMIT_MS = 20_000;
const STOP_LIMIT_MS = 5_000;
/** Before the service waits for anything of ours, its idle connections are swept away within this. */
const QUICK_STOP_MS = 3_000;
const API_KEY = `trb_process_${'0a'.repeat(32)}`;

let database: TestDatabase;
let dataDir: string;
let children: ServiceProcess[] = [];

beforeAll(async () => {
  if (!existsSync(MAIN)) throw new Error(`${MAIN} is missing: run the tests with npm test, which builds it`);
  database = await createTestDatabase();
  dataDir = mkdtempSync(join(tmpdir(), 'tributary-process-'));
});
afterEach(async () => {
  for (const child of children) await child.end();
  children = [];
});
afterAll(async () => {
  await database?.drop();
  rmSync(dataDir, { recursive: true, force: true });
});

/** One real process of the service. */
class ServiceProcess {
  out = '';
  err = '';
  private readonly child: ChildProcess;
  readonly exited: Promise<number | null>;

  constructor(env: Record<string, string>) {
    const base = {
      PATH: process.env.PATH ?? '',
      PORT: '0',
      GRPC_PORT: '0',
      TRIBUTARY_SANDBOX: 'off',
      TRIBUTARY_SANDBOX_PORT: '0',
    };
    const own = {
      DATABASE_URL: database.url,
      TRIBUTARY_DATA_DIR: dataDir,
      TRIBUTARY_API_KEY: API_KEY,
      LOG_FORMAT: 'json',
    };
    this.child = spawn(process.execPath, [MAIN], { env: { ...base, ...own, ...env }, cwd: dataDir });
    this.child.stdout?.on('data', (chunk: Buffer) => (this.out += chunk.toString()));
    this.child.stderr?.on('data', (chunk: Buffer) => (this.err += chunk.toString()));
    this.exited = new Promise((resolve) => this.child.once('exit', resolve));
    children.push(this);
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  async printed(text: string): Promise<void> {
    const limit = Date.now() + START_LIMIT_MS;
    while (!this.out.includes(text)) {
      if (Date.now() > limit || this.child.exitCode !== null)
        throw new Error(`no "${text}" in: ${this.out}${this.err}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Where it serves HTTP. The greeting is written in one piece, with an empty line at its end. */
  async ready(): Promise<string> {
    await this.printed('Tributary is ready');
    return /HTTP\s+(\S+)/.exec(this.out)?.[1] ?? '';
  }

  signal(name: NodeJS.Signals): void {
    this.child.kill(name);
  }

  /** The exit code and how long it took. */
  async stop(): Promise<{ code: number | null; ms: number }> {
    const startedAt = Date.now();
    this.signal('SIGTERM');
    return { code: await this.exited, ms: Date.now() - startedAt };
  }

  async end(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) this.signal('SIGKILL');
    await this.exited;
  }
}

function get(url: string, agent?: Agent): Promise<number> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, { agent, headers: { authorization: `Bearer ${API_KEY}` } }, (answer) => {
      answer.resume();
      answer.on('end', () => resolve(answer.statusCode ?? 0));
    });
    request.on('error', reject);
    request.end();
  });
}

/** A request whose body is only finished on demand. */
function slowPost(url: string): { connected: Promise<void>; answered: Promise<number>; finish(): void } {
  const headers = { authorization: `Bearer ${API_KEY}`, 'content-type': 'application/json', 'content-length': '2' };
  const request = httpRequest(url, { method: 'POST', headers, agent: false });
  const answered = new Promise<number>((resolve, reject) => {
    request.on('error', reject);
    request.on('response', (answer) => resolve(answer.resume().statusCode ?? 0));
  });
  const connected = new Promise<void>((resolve) => request.write('{', () => setTimeout(resolve, 100)));
  return { connected, answered, finish: () => request.end('}') };
}

async function refused(url: string): Promise<void> {
  const limit = Date.now() + STOP_LIMIT_MS;
  while (Date.now() < limit) {
    try {
      await get(url, new Agent());
    } catch {
      return;
    }
  }
  throw new Error(`${url} is still served`);
}

describe('a start', () => {
  it('prints where everything is, and no password', async () => {
    const service = new ServiceProcess({});
    const url = await service.ready();

    expect(await get(`${url}/openapi.json`)).toBe(200);
    expect(service.out).toMatch(/gRPC\s+127\.0\.0\.1:\d+/);
    expect(service.out).toContain(`${url}/docs`);
    expect(service.out).not.toContain(new URL(database.url).password);
    expect(service.out).not.toContain(API_KEY);
  });

  it('shows a new API key once', async () => {
    const fresh = await createTestDatabase();
    try {
      const env = { DATABASE_URL: fresh.url, TRIBUTARY_API_KEY: '' };
      const first = new ServiceProcess(env);
      await first.ready();
      await first.stop();
      const second = new ServiceProcess(env);
      await second.ready();

      expect(first.out.match(/trb_[0-9a-z]+_[0-9a-f]{64}/g)).toHaveLength(1);
      expect(second.out).not.toContain('trb_');
      await second.stop();
    } finally {
      await fresh.drop();
    }
  });

  it('is stopped by a wrong setting with one sentence that names it', async () => {
    const service = new ServiceProcess({ PORT: 'http' });

    expect(await service.exited).toBe(1);
    expect(service.err.trim().split('\n')).toHaveLength(1);
    expect(service.err).toMatch(/PORT must be .*"http"/);
  });

  it('is stopped by a taken port with one sentence that names it, and leaves no process', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as AddressInfo;
    try {
      for (const name of ['PORT', 'GRPC_PORT']) {
        const service = new ServiceProcess({ [name]: String(port) });

        expect(await service.exited).toBe(1);
        expect(service.err.trim().split('\n')).toHaveLength(1);
        expect(service.err).toContain(name);
        expect(service.err).toContain('taken');
      }
    } finally {
      other.close();
    }
  });

  it('is stopped when there is no database, with one sentence', async () => {
    const service = new ServiceProcess({ DATABASE_URL: 'postgresql://tributary:secret@127.0.0.1:1/tributary' });

    expect(await service.exited).toBe(1);
    expect(service.err.trim().split('\n')).toHaveLength(1);
    expect(service.err).not.toContain('secret');
  });
});

describe('a stop', () => {
  it('closes a keep-alive client that sits idle, within seconds and with code 0', async () => {
    const service = new ServiceProcess({});
    const url = await service.ready();
    const agent = new Agent({ keepAlive: true });
    await get(`${url}/openapi.json`, agent);

    const { code, ms } = await service.stop();
    agent.destroy();

    expect(code).toBe(0);
    expect(ms).toBeLessThan(QUICK_STOP_MS);
  });

  it('answers the request that is under way, and refuses new connections', async () => {
    const service = new ServiceProcess({});
    const url = await service.ready();
    const underWay = slowPost(`${url}/v1/webhook-events/none/replay`);
    await underWay.connected;

    service.signal('SIGTERM');
    await refused(`${url}/livez`);
    underWay.finish();

    expect(await underWay.answered).toBe(404);
    expect(await service.exited).toBe(0);
  });

  it('takes SIGINT as well, in the middle of the start too', async () => {
    const own = join(dataDir, 'early');
    const early = new ServiceProcess({ DATABASE_URL: '', TRIBUTARY_DATA_DIR: own });
    await early.printed('creating the PostgreSQL cluster');
    early.signal('SIGINT');

    expect(await early.exited).toBe(0);
    expect(existsSync(join(own, 'pg18', 'data', 'postmaster.pid'))).toBe(false);
  }, 180_000);

  it('takes the embedded database with it', async () => {
    const service = new ServiceProcess({ DATABASE_URL: '', TRIBUTARY_DATA_DIR: join(dataDir, 'own') });
    await service.ready();

    const { code, ms } = await service.stop();

    expect(code).toBe(0);
    expect(ms).toBeLessThan(STOP_LIMIT_MS);
    expect(existsSync(join(dataDir, 'own', 'pg18', 'data', 'postmaster.pid'))).toBe(false);
  }, 180_000);
});

describe('the role', () => {
  it('worker serves only those who watch over it', async () => {
    const service = new ServiceProcess({ TRIBUTARY_ROLE: 'worker' });
    const url = await service.ready();

    expect(await get(`${url}/livez`)).toBe(200);
    expect(await get(`${url}/readyz`)).toBe(200);
    expect(await get(`${url}/metrics`)).toBe(200);
    expect(await get(`${url}/v1/webhook-events`)).toBe(404);
    expect(await get(`${url}/openapi.json`)).toBe(404);
    expect(service.out).not.toMatch(/gRPC\s+\d/);
  });
});
