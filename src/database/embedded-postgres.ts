import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { basename, dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import pg from 'pg';

import { postgresBinaries } from './postgres-binaries.js';
import { READER_ROLE } from './reader-role.js';
import { giveTo, launcher, type Launcher } from './postgres-process.js';
import { isAlive, isOurServer, readPidFile, type PidFile } from './postmaster-pid.js';

export interface EmbeddedPostgresOptions {
  /** The cluster lives in `pg18` below it. */
  dataDir: string;
  /** A free one when left out. */
  port?: number;
  /** Server settings, such as `{ fsync: 'off' }`. */
  settings?: Record<string, string>;
  log?: (line: string) => void;
}

export interface EmbeddedPostgres {
  /** Of the role that owns the database `tributary`; it may create databases and is no superuser. */
  url: string;
  dataDir: string;
  pid: number;
  port: number;
  /** Shuts the server down and waits for it; does nothing to one that another living process of ours started. */
  stop(): Promise<void>;
}

const HOST = '127.0.0.1';
const ROLE = 'tributary';
const SUPERUSER = 'postgres';
const START_LIMIT_MS = 60_000;
const FAST_STOP_LIMIT_MS = 10_000;
const POLL_MS = 15;
const START_ATTEMPTS = 4;

/** Quiet by design: what a statement was or which key it broke is personal data, and the caller gets the error anyway. */
const BASE_SETTINGS: Record<string, string> = {
  listen_addresses: HOST,
  unix_socket_directories: '',
  timezone: 'UTC',
  log_timezone: 'UTC',
  jit: 'off',
  log_min_messages: 'fatal',
  log_min_error_statement: 'panic',
  log_error_verbosity: 'terse',
};

/** The files of one cluster. */
interface Cluster {
  home: string;
  data: string;
  password: string;
}

/**
 * A PostgreSQL of our own below `dataDir`: created when it is new, adopted when it already runs, else started. It
 * listens on 127.0.0.1 only and dies with this process. Safe to call from several processes at once.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const log = options.log ?? (() => undefined);
  const binaries = postgresBinaries();
  const run = launcher();
  const dataDir = resolve(options.dataDir);
  const home = join(dataDir, 'pg18');
  if (!existsSync(home)) await create(home, binaries.initdb, run, log);
  const cluster = { home, data: join(home, 'data'), password: readFileSync(join(home, 'password'), 'utf8') };

  let failure = '';
  for (let attempt = 0; attempt < START_ATTEMPTS; attempt++) {
    const running = await findRunning(cluster);
    if (running) {
      log(`PostgreSQL already runs (process ${running.pid}, port ${running.port}): using it`);
      return await ready(cluster, running, takeOver(cluster, running));
    }
    const started = await start(cluster, binaries.postgres, run, options);
    if (typeof started !== 'string') {
      writeFileSync(join(home, 'owner'), String(process.pid));
      return await ready(cluster, started.pidFile, started.child);
    }
    failure = started;
  }
  throw new Error(`the embedded PostgreSQL in ${home} did not start: ${failure}`);
}

/** Built beside its place and then renamed, so that a crash half-way or a second process leaves nothing half-made. */
async function create(home: string, initdb: string, run: Launcher, log: (line: string) => void): Promise<void> {
  log('creating the PostgreSQL cluster');
  const draft = `${home}.${process.pid}.${randomBytes(4).toString('hex')}`;
  for (const left of abandonedDrafts(home)) rmSync(left, { recursive: true, force: true });
  // Others may pass through, not look: as root the server may run as a user who is not us.
  mkdirSync(dirname(home), { recursive: true, mode: 0o711 });
  mkdirSync(draft, { mode: 0o700 });
  const passwordFile = join(draft, 'password');
  writeFileSync(passwordFile, randomBytes(24).toString('hex'), { mode: 0o600 });
  giveTo(run.owner, draft);
  const args = ['-D', join(draft, 'data'), '-U', SUPERUSER, `--pwfile=${passwordFile}`, '--auth=scram-sha-256'];
  const collation = ['-E', 'UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'];
  const output = join(draft, 'postgres.log');
  const stderr = openSync(output, 'w');
  const child = run.spawn(initdb, [...args, ...collation, '--no-instructions', '--no-sync'], stderr);
  const code = await exitOf(child);
  closeSync(stderr);
  if (code !== 0) {
    const reason = lastLine(output);
    rmSync(draft, { recursive: true, force: true });
    throw new Error(`the embedded PostgreSQL in ${home} could not be created: ${reason}`);
  }
  try {
    renameSync(draft, home);
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    if (!existsSync(home)) throw error;
  }
}

function abandonedDrafts(home: string): string[] {
  const prefix = `${basename(home)}.`;
  const names = existsSync(dirname(home)) ? readdirSync(dirname(home)) : [];
  const abandoned = names.filter((name) => {
    const maker = Number(name.slice(prefix.length).split('.')[0]);
    return name.startsWith(prefix) && maker > 0 && !isAlive(maker);
  });
  return abandoned.map((name) => join(dirname(home), name));
}

/** The server on this cluster, waiting for one that is just starting or stopping; clears away a stale pid file. */
async function findRunning(cluster: Cluster): Promise<PidFile | null> {
  const limit = Date.now() + START_LIMIT_MS;
  for (;;) {
    const found = readPidFile(cluster.data);
    if (!found || !isAlive(found.pid)) return null;
    if (!isOurServer(found.pid, cluster.data)) {
      // The number was given to another program since. (PostgreSQL itself only sees that it is taken.)
      rmSync(join(cluster.data, 'postmaster.pid'), { force: true });
      return null;
    }
    if (found.status === 'ready') return found;
    if (Date.now() > limit) throw new Error(`PostgreSQL (process ${found.pid}) is ${found.status} for too long`);
    await sleep(POLL_MS);
  }
}

type Started = { pidFile: PidFile; child: ChildProcess };

/** Starts the server and waits until it accepts connections; a text says why it did not. */
async function start(
  cluster: Cluster,
  postgres: string,
  run: Launcher,
  options: EmbeddedPostgresOptions,
): Promise<Started | string> {
  giveTo(run.owner, cluster.home);
  giveTo(run.owner, cluster.data);
  const port = options.port ?? (await freePort());
  const settings = { ...BASE_SETTINGS, ...options.settings, port: String(port) };
  const args = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const output = join(cluster.home, 'postgres.log');
  const stderr = openSync(output, 'w');
  const child = run.spawn(postgres, ['-D', cluster.data, ...args], stderr);
  closeSync(stderr);
  let exited = false;
  void exitOf(child).then(() => (exited = true));
  const limit = Date.now() + START_LIMIT_MS;
  while (!exited && Date.now() < limit) {
    const found = readPidFile(cluster.data);
    if (found && found.pid === child.pid && found.status === 'ready') return { pidFile: found, child };
    await sleep(POLL_MS);
  }
  child.kill('SIGINT');
  return lastLine(output);
}

/** Adopts the server for good when the process that started it is gone; returns null while that one still lives. */
function takeOver(cluster: Cluster, running: PidFile): 'orphan' | null {
  const file = join(cluster.home, 'owner');
  const owner = existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0;
  if (owner > 0 && owner !== running.pid && isAlive(owner)) return null;
  writeFileSync(file, String(process.pid));
  return 'orphan';
}

async function ready(
  cluster: Cluster,
  { pid, port }: PidFile,
  ours: ChildProcess | 'orphan' | null,
): Promise<EmbeddedPostgres> {
  await ensureDatabase(cluster, port);
  // A child must not keep us from exiting; it is stopped by stop(), or by our death.
  if (ours !== null && ours !== 'orphan') ours.unref();
  return {
    url: `postgresql://${ROLE}:${cluster.password}@${HOST}:${port}/${ROLE}`,
    dataDir: cluster.data,
    pid,
    port,
    stop: async () => {
      if (ours !== null) await shutDown(pid);
    },
  };
}

/** Proves that the server is this cluster's before anything is written to it. */
async function ensureDatabase(cluster: Cluster, port: number): Promise<void> {
  const client = new pg.Client({ host: HOST, port, user: SUPERUSER, password: cluster.password, database: SUPERUSER });
  // What breaks it is told by its queries.
  client.on('error', () => undefined);
  await client.connect();
  try {
    // Until this connection ends; another process of ours may be at the same point.
    await client.query('select pg_advisory_lock(1)');
    const { rows } = await client.query<{ data_directory: string; ready: boolean }>(
      `select current_setting('data_directory') as data_directory,
              exists (select from pg_database where datname = '${ROLE}') as ready`,
    );
    if (rows[0]?.data_directory !== cluster.data) throw new Error(`port ${port} belongs to another PostgreSQL`);
    await client.query(
      `do $$ begin
         if not exists (select from pg_roles where rolname = '${ROLE}') then
           create role ${ROLE} login createdb password '${cluster.password}';
         end if;
         -- The service's own role may not make roles; it may take on this one.
         if not exists (select from pg_roles where rolname = '${READER_ROLE}') then
           create role ${READER_ROLE} nologin;
           grant ${READER_ROLE} to ${ROLE};
         end if;
       end $$`,
    );
    if (!rows[0].ready) await client.query(`create database ${ROLE} owner ${ROLE}`);
  } finally {
    await client.end();
  }
}

async function shutDown(pid: number): Promise<void> {
  for (const signal of ['SIGINT', 'SIGQUIT'] as const) {
    if (!isAlive(pid)) return;
    process.kill(pid, signal);
    const limit = Date.now() + FAST_STOP_LIMIT_MS;
    while (isAlive(pid) && Date.now() < limit) await sleep(POLL_MS);
  }
}

function freePort(): Promise<number> {
  return new Promise((done, fail) => {
    const server = createServer();
    server.once('error', fail);
    server.listen(0, HOST, () => {
      const address = server.address();
      server.close(() => done(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

function exitOf(child: ChildProcess): Promise<number | null> {
  return new Promise((done) => {
    child.once('error', () => done(null));
    child.once('exit', (code) => done(code));
  });
}

function lastLine(file: string): string {
  const lines = existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
  return lines.findLast((line) => /fatal|error|panic/i.test(line)) ?? lines.at(-1) ?? 'no message';
}
