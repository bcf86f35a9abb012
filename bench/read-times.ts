/** How long reads of one kind took, in milliseconds. */
export interface ReadTimes {
  p50Ms: number;
  p99Ms: number;
  maxMs: number;
}

export function timesOf(measured: readonly number[]): ReadTimes {
  const times = [...measured].sort((a, b) => a - b);
  const at = (share: number): number => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0;
  return { p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1) };
}

export function lineOf(name: string, { p50Ms, p99Ms, maxMs }: ReadTimes): string {
  const [p50, p99, max] = [p50Ms, p99Ms, maxMs].map((ms) => ms.toFixed(2).padStart(10));
  return `${name.padEnd(52)} p50${p50} ms   p99${p99} ms   max${max} ms`;
}
