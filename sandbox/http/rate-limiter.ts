/** Any of them may be absent: then that limit does not exist. Real time, whatever the sandbox's clock says. */
export interface Limits {
  /** Requests in any one second, all endpoints together. */
  perSecond?: number;
  /** Requests in any one second to one endpoint: a method and a path with its ids left out. */
  perEndpointPerSecond?: number;
  /** Requests under way at once. */
  concurrent?: number;
  perEndpointConcurrent?: number;
  /** How long every request takes at least, in real milliseconds. */
  latencyMs?: number;
}

export type LimitReason = 'global-rate' | 'endpoint-rate' | 'global-concurrency' | 'endpoint-concurrency';

const NAMES = ['perSecond', 'perEndpointPerSecond', 'concurrent', 'perEndpointConcurrent', 'latencyMs'] as const;
const WINDOW_MS = 1_000;
const EVERYTHING = '';

/**
 * Stripe's limiters, off until they are set. Strict where Stripe allows bursts: no second, wherever it begins, sees more
 * requests than the limit, so that who stays below it here stays below it there.
 */
export class RateLimiter {
  private limits: Limits = {};
  private windows = new Map<string, Window>();
  private underWay = new Map<string, number>();
  private refused = new Map<LimitReason, number>();

  constructor(limits: Limits = {}) {
    this.set(limits);
  }

  /** Replaces all limits; `{}` lifts them. */
  set(limits: Limits): void {
    for (const [name, value] of Object.entries(limits)) {
      if (!NAMES.some((known) => known === name)) {
        throw new RangeError(`There is no limit '${name}'; there are ${NAMES.join(', ')}.`);
      }
      if (value !== undefined && !(Number.isFinite(value) && value >= 0)) {
        throw new RangeError(`The limit '${name}' must be a number, 0 or more; it is ${JSON.stringify(value)}.`);
      }
    }
    this.limits = { ...limits };
    this.windows.clear();
    this.refused.clear();
  }

  /** What is set, and how often each limit has refused since. */
  report(): { limits: Limits; refused: Record<string, number> } {
    return { limits: { ...this.limits }, refused: Object.fromEntries(this.refused) };
  }

  get latencyMs(): number {
    return this.limits.latencyMs ?? 0;
  }

  /** Lets a request in, which must `leave` later, or says why it is refused. Refused requests do not count. */
  enter(endpoint: string, nowMs: number): LimitReason | null {
    const reason = this.reasonAgainst(endpoint, nowMs);
    if (reason !== null) {
      this.refused.set(reason, (this.refused.get(reason) ?? 0) + 1);
      return reason;
    }
    for (const key of [EVERYTHING, endpoint]) {
      this.underWay.set(key, (this.underWay.get(key) ?? 0) + 1);
      this.windowOf(key).add(nowMs);
    }
    return null;
  }

  leave(endpoint: string): void {
    for (const key of [EVERYTHING, endpoint]) {
      const left = (this.underWay.get(key) ?? 1) - 1;
      if (left > 0) this.underWay.set(key, left);
      else this.underWay.delete(key);
    }
  }

  private reasonAgainst(endpoint: string, nowMs: number): LimitReason | null {
    const { perSecond, perEndpointPerSecond, concurrent, perEndpointConcurrent } = this.limits;
    const full = (key: string, limit?: number): boolean =>
      limit !== undefined && this.windowOf(key).count(nowMs) >= limit;
    const busy = (key: string, limit?: number): boolean =>
      limit !== undefined && (this.underWay.get(key) ?? 0) >= limit;
    if (busy(EVERYTHING, concurrent)) return 'global-concurrency';
    if (busy(endpoint, perEndpointConcurrent)) return 'endpoint-concurrency';
    if (full(EVERYTHING, perSecond)) return 'global-rate';
    return full(endpoint, perEndpointPerSecond) ? 'endpoint-rate' : null;
  }

  private windowOf(key: string): Window {
    let window = this.windows.get(key);
    if (!window) this.windows.set(key, (window = new Window()));
    return window;
  }
}

/** The instants of the last second. */
class Window {
  private instants: number[] = [];
  private first = 0;

  add(nowMs: number): void {
    this.forget(nowMs);
    this.instants.push(nowMs);
  }

  count(nowMs: number): number {
    this.forget(nowMs);
    return this.instants.length - this.first;
  }

  private forget(nowMs: number): void {
    while (this.first < this.instants.length && (this.instants[this.first] as number) <= nowMs - WINDOW_MS)
      this.first++;
    if (this.first < this.instants.length / 2) return;
    this.instants = this.instants.slice(this.first);
    this.first = 0;
  }
}
