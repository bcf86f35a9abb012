import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';

import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/database/embedded-postgres.js';
import { KeptPostgres } from '../../src/database/kept-postgres.js';
import { isAlive } from '../../src/database/postmaster-pid.js';

const SETTINGS = { fsync: 'off' };
const LIMIT_MS = 60_000;

async function eventually(condition: () => boolean): Promise<void> {
  const limit = Date.now() + LIMIT_MS;
  while (!condition()) {
    if (Date.now() > limit) throw new Error('waited too long');
    await sleep(20);
  }
}

async function ask<T extends object>(url: string, sql: string): Promise<T[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<T>(sql)).rows;
  } finally {
    await client.end();
  }
}

/** Another process of ours that runs the built launcher on the same folder; prints what it got, then waits. */
async function startElsewhere(dataDir: string): Promise<{ process: ChildProcess; server: EmbeddedPostgres }> {
  const launcher = pathToFileURL(join(process.cwd(), 'dist/src/database/embedded-postgres.js')).href;
  const script = `
    const { startEmbeddedPostgres } = await import(${JSON.stringify(launcher)});
    const server = await startEmbeddedPostgres({ dataDir: ${JSON.stringify(dataDir)}, settings: { fsync: 'off' } });
    console.log(JSON.stringify(server));
    setInterval(() => undefined, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  return { process: child, server: JSON.parse(line.toString()) as EmbeddedPostgres };
}

describe('the embedded PostgreSQL', () => {
  let dataDir: string;

  beforeAll(() => {
    dataDir = mkdtempSync(join(tmpdir(), 'tributary-embedded-'));
  });
  afterAll(() => {
    rmSync(dataDir, { recursive: true, force: true });
  });

  it('starts once for callers that come together, and keeps its data', async () => {
    const servers = await Promise.all([1, 2].map(() => startEmbeddedPostgres({ dataDir, settings: SETTINGS })));

    expect(new Set(servers.map(({ pid }) => pid)).size).toBe(1);
    const [server] = servers as [EmbeddedPostgres];
    await ask(server.url, 'create table kept (n int); insert into kept values (42)');
    await Promise.all(servers.map(({ stop }) => stop()));
    expect(isAlive(server.pid)).toBe(false);
    const again = await startEmbeddedPostgres({ dataDir, settings: SETTINGS });
    expect(await ask(again.url, 'select n from kept')).toEqual([{ n: 42 }]);
    await again.stop();
  });

  it('listens on the loopback only, to a role that is no superuser, with a password that only we can read', async () => {
    const server = await startEmbeddedPostgres({ dataDir, settings: SETTINGS });

    const [found] = await ask(
      server.url,
      `select current_setting('listen_addresses') as listens, current_setting('is_superuser') as superuser`,
    );
    expect(found).toEqual({ listens: '127.0.0.1', superuser: 'off' });
    expect(statSync(join(dataDir, 'pg18', 'password')).mode & 0o777).toBe(0o600);
    await expect(ask(server.url.replace(/:[0-9a-f]+@/, ':wrong@'), 'select 1')).rejects.toThrow(/password/);
    await server.stop();
  });

  it('adopts the server of another living process and leaves it running', async () => {
    const other = await startElsewhere(dataDir);

    const adopted = await startEmbeddedPostgres({ dataDir });
    await adopted.stop();

    expect(adopted.pid).toBe(other.server.pid);
    expect(isAlive(other.server.pid)).toBe(true);
    other.process.kill('SIGKILL');
    await eventually(() => !isAlive(other.server.pid));
  });

  it('starts although its pid file names a process that is another program by now', async () => {
    const pidFile = join(dataDir, 'pg18', 'data', 'postmaster.pid');
    writeFileSync(pidFile, `${process.pid}\n${dataDir}\n1\n5432\n\n127.0.0.1\n\nready\n`);

    const server = await startEmbeddedPostgres({ dataDir, settings: SETTINGS });

    expect(Number(readFileSync(pidFile, 'utf8').split('\n')[0])).toBe(server.pid);
    await server.stop();
  });

  it('is started again on the same port when it is killed, with all that was committed', async () => {
    const said: string[] = [];
    const kept = await KeptPostgres.start({ dataDir, settings: SETTINGS, log: (line) => said.push(line) });
    try {
      const { pid, url } = kept;
      await ask(url, 'create table outlived as select 1 as n');
      process.kill(pid, 'SIGKILL');
      await eventually(() => kept.pid !== pid);

      expect(await ask(url, 'select n from outlived')).toEqual([{ n: 1 }]);
      expect(kept.url).toBe(url);
      expect(said).toContainEqual(`PostgreSQL (process ${pid}) has ended; it is started again`);
    } finally {
      await kept.stop();
    }
    expect(isAlive(kept.pid)).toBe(false);
  });
});
