import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chownSync, lstatSync, readdirSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';

const NOBODY = 65_534;
const SYSTEM_PATH = '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin';

/** How to run a PostgreSQL program here: it refuses to run as root, and it must not outlive us. */
export interface Launcher {
  /** The user who owns the files then, as seen from outside; null: whoever we are. */
  owner: number | null;
  spawn(program: string, args: string[], stderr: number): ChildProcess;
}

/**
 * As root on Linux (or as a user without a name, whom initdb refuses too) the programs run in a user name space of
 * their own, in which we are called nobody: no system user is created, and folders that only we may enter still work.
 * Where root is refused that (most containers), they run as the real nobody.
 */
export function launcher(): Launcher {
  const linux = process.platform === 'linux';
  const root = process.getuid?.() === 0;
  const prefix: string[] = [];
  const unshare = ['unshare', '--user', `--map-user=${NOBODY}`, `--map-group=${NOBODY}`];
  const mapped = linux && (root || !hasName()) && works([...unshare, 'true']);
  if (mapped) prefix.push(...unshare);
  // The kernel then sends SIGINT, a fast but clean shutdown, when we die in whatever way.
  const leash = ['setpriv', '--pdeathsig', 'SIGINT'];
  if (linux && works([...leash, 'true'])) prefix.push(...leash);
  const owner = root ? (mapped ? 0 : NOBODY) : null;
  const identity = root && !mapped ? { uid: NOBODY, gid: NOBODY } : {};
  return {
    owner,
    spawn(program, args, stderr) {
      const [command = program, ...rest] = [...prefix, program, ...args];
      return spawn(command, rest, {
        ...identity,
        // Its own process group: Ctrl-C on our terminal must reach us first.
        detached: true,
        stdio: ['ignore', 'ignore', stderr],
        env: { PATH: SYSTEM_PATH, LC_ALL: 'C' },
      });
    },
  };
}

function hasName(): boolean {
  try {
    return userInfo().username !== '';
  } catch {
    return false;
  }
}

function works([command = '', ...args]: string[]): boolean {
  return spawnSync(command, args, { stdio: 'ignore', env: { PATH: SYSTEM_PATH } }).status === 0;
}

/** Hands a tree over to the launcher's owner, when root started it the other way before. */
export function giveTo(owner: number | null, path: string): void {
  if (owner === null || lstatSync(path).uid === owner) return;
  chownTree(path, owner);
}

function chownTree(path: string, owner: number): void {
  const entry = lstatSync(path);
  if (entry.isSymbolicLink()) return;
  if (entry.isDirectory()) for (const name of readdirSync(path)) chownTree(join(path, name), owner);
  chownSync(path, owner, owner);
}
