import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { isAlive, isOurServer, readPidFile } from './postmaster-pid.js';

/**
 * The URL of the embedded PostgreSQL that runs below `dataDir` now, or null when none does. Starts, stops and changes
 * nothing.
 */
export function runningPostgresUrl(dataDir: string): string | null {
  const home = join(resolve(dataDir), 'pg18');
  const data = join(home, 'data');
  const found = readPidFile(data);
  if (!found || found.status !== 'ready' || !isAlive(found.pid) || !isOurServer(found.pid, data)) return null;
  const password = readFileSync(join(home, 'password'), 'utf8');
  return `postgresql://tributary:${password}@127.0.0.1:${found.port}/tributary`;
}
