import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';

const PREFIX = 'tributary-test-';
const SHUTDOWN_LIMIT_MS = 3_000;

/** Nothing here has to survive a crash. */
const SETTINGS = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  checkpoint_timeout: '1h',
  max_wal_size: '4GB',
  max_connections: '200',
};

/**
 * One throw-away PostgreSQL below the temporary folder. It is gone, with its files, after `stop()`, after Ctrl-C and
 * after any exit; what a killed run left is swept up by the next one.
 */
export async function startTestCluster(startEmbeddedPostgres) {
  sweep();
  const dataDir = mkdtempSync(join(tmpdir(), `${PREFIX}${process.pid}-`));
  let server;
  const remove = () => {
    killAndWait(server?.pid);
    rmSync(dataDir, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
  };
  const interrupted = (signal) => {
    remove();
    process.exit(signal === 'SIGINT' ? 130 : 143);
  };
  process.once('exit', remove);
  process.once('SIGINT', interrupted);
  process.once('SIGTERM', interrupted);
  const proof = `${PREFIX}${randomUUID()}`;
  server = await startEmbeddedPostgres({ dataDir, settings: { ...SETTINGS, cluster_name: proof } });
  return {
    url: server.url,
    proof,
    stop() {
      process.removeListener('exit', remove);
      process.removeListener('SIGINT', interrupted);
      process.removeListener('SIGTERM', interrupted);
      remove();
    },
  };
}

/** At an exit nothing may be awaited. SIGQUIT: the data is thrown away, so no checkpoint. */
function killAndWait(pid) {
  if (pid === undefined || !isAlive(pid)) return;
  process.kill(pid, 'SIGQUIT');
  const limit = Date.now() + SHUTDOWN_LIMIT_MS;
  const pause = new Int32Array(new SharedArrayBuffer(4));
  while (isAlive(pid) && Date.now() < limit) Atomics.wait(pause, 0, 0, 10);
}

function sweep() {
  for (const name of readdirSync(tmpdir())) {
    if (!name.startsWith(PREFIX)) continue;
    if (isAlive(Number(name.slice(PREFIX.length).split('-')[0]))) continue;
    try {
      rmSync(join(tmpdir(), name), { recursive: true });
    } catch {
      // It belongs to another user, or another run is sweeping too.
    }
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return error.code === 'EPERM';
  }
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return true;
  }
}
