import { readdirSync, readFileSync } from 'node:fs';

/** The unit of the times in `/proc/<pid>/stat` on every Linux there is. */
const TICKS_PER_SECOND = 100;

interface ProcessTimes {
  parent: number;
  /** Seconds of the process itself, user and system. */
  own: number;
  /** Seconds of its children that have ended. */
  ended: number;
}

/** CPU seconds that a process and all its children, living and ended, have used so far. Linux only. */
export function cpuSecondsOfTree(pid: number): number {
  const processes = new Map<number, ProcessTimes>();
  for (const name of readdirSync('/proc')) {
    const times = /^\d+$/.test(name) ? timesOf(Number(name)) : null;
    if (times !== null) processes.set(Number(name), times);
  }
  return sumOf(pid, processes);
}

function sumOf(pid: number, processes: ReadonlyMap<number, ProcessTimes>): number {
  const times = processes.get(pid);
  if (times === undefined) throw new Error(`process ${pid} is gone`);
  const children = [...processes].filter(([, { parent }]) => parent === pid);
  return children.reduce((sum, [child]) => sum + sumOf(child, processes), times.own + times.ended);
}

/** Null when the process ended meanwhile. */
function timesOf(pid: number): ProcessTimes | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name in parentheses may hold anything; what follows it is the state, the parent, and so on.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const seconds = (index: number): number => Number(fields[index]) / TICKS_PER_SECOND;
    return { parent: Number(fields[1]), own: seconds(11) + seconds(12), ended: seconds(13) + seconds(14) };
  } catch {
    return null;
  }
}
