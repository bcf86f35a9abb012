import { seededRandom } from '../core/random.js';

export type FaultKind = 'rate_limit' | 'server_error' | 'hang' | 'reset' | 'latency';

export interface Fault {
  kind: FaultKind;
  /** Any method when absent. */
  method?: string;
  /** `/v1/transfers`, or with `*` for any characters: `/v1/transfers/*`. */
  path: string;
  /** How many requests it hits; 1 unless `rate` is given. */
  times?: number;
  /** The share of matching requests that it hits, in place of a count. */
  rate?: number;
  /** The request takes effect before it fails. Not with `rate_limit`, which Stripe answers before anything else. */
  committed?: boolean;
  latencyMs?: number;
  /** `Stripe-Rate-Limited-Reason` of a 429. */
  reason?: string;
  /** `Stripe-Should-Retry` of the answer. */
  shouldRetry?: boolean;
}

interface ArmedFault extends Fault {
  id: number;
  left: number;
  pattern: RegExp;
}

/** Faults on demand, taken in the order in which they were set. */
export class Faults {
  private armed: ArmedFault[] = [];
  private counter = 0;
  private readonly random: () => number;

  constructor(seed: number) {
    this.random = seededRandom(seed);
  }

  /** Returns the fault's id, for `clear`. */
  add(fault: Fault): number {
    const source = fault.path.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*');
    const left = fault.times ?? (fault.rate === undefined ? 1 : Number.POSITIVE_INFINITY);
    this.armed.push({ ...fault, id: ++this.counter, left, pattern: new RegExp(`^${source}$`) });
    return this.counter;
  }

  clear(id?: number): void {
    this.armed = id === undefined ? [] : this.armed.filter((fault) => fault.id !== id);
  }

  list(): (Fault & { id: number })[] {
    return this.armed.map(({ pattern: _pattern, left, ...fault }) => ({
      ...fault,
      ...(Number.isFinite(left) && { times: left }),
    }));
  }

  /** The fault that this request runs into, counted down. */
  take(method: string, path: string): Fault | null {
    for (const fault of this.armed) {
      if (fault.method !== undefined && fault.method.toUpperCase() !== method) continue;
      if (!fault.pattern.test(path)) continue;
      if (fault.rate !== undefined && this.random() >= fault.rate) continue;
      fault.left--;
      if (fault.left <= 0) this.clear(fault.id);
      return fault;
    }
    return null;
  }
}
