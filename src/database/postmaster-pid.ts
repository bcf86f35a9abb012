import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What a running PostgreSQL says of itself in its data folder. */
export interface PidFile {
  pid: number;
  port: number;
  /** `starting`, `ready`, `stopping`, `standby`; empty while the file is being written. */
  status: string;
}

const LINE = { pid: 0, port: 3, status: 7 } as const;

export function readPidFile(data: string): PidFile | null {
  let lines: string[];
  try {
    lines = readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n');
  } catch {
    return null;
  }
  const pid = Number(lines[LINE.pid]);
  if (!Number.isInteger(pid) || pid <= 0) return null;
  return { pid, port: Number(lines[LINE.port] ?? 0), status: (lines[LINE.status] ?? '').trim() };
}

/** A zombie counts as dead: in a container nobody may be there to bury it. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  return !/^State:\s+Z/m.test(procFile(pid, 'status'));
}

/** Whether `pid` is a PostgreSQL on this data folder, and not a program that got its number later. */
export function isOurServer(pid: number, data: string): boolean {
  const command =
    procFile(pid, 'cmdline').replaceAll('\0', ' ') ||
    spawnSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' }).stdout ||
    '';
  return command.includes('postgres') && command.includes(`-D ${data}`);
}

function procFile(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8');
  } catch {
    return '';
  }
}
