import type { StripeEndpoint } from './endpoint.js';
import { PRIORITIES, type RequestPriority } from './slot-schedule.js';

/** A request that has no slot yet. */
export interface Waiter {
  endpoint: StripeEndpoint;
  priority: RequestPriority;
  /** Until then it waits for a slot. */
  untilMs: number;
  go(): void;
  /** Without a reason: it has waited too long. */
  giveUp(reason?: Error): void;
}

/** How many requests of one endpoint and priority have no slot yet. */
export interface Demand {
  endpoint: StripeEndpoint;
  priority: RequestPriority;
  count: number;
}

/** One line for each priority; in a line the first come is the first served, endpoint by endpoint. */
export class WaitingLines {
  private readonly lines: Record<RequestPriority, Waiter[]> = { refetch: [], interactive: [], bulk: [] };

  get isEmpty(): boolean {
    return PRIORITIES.every((priority) => this.lines[priority].length === 0);
  }

  add(waiter: Waiter): void {
    this.lines[waiter.priority].push(waiter);
  }

  /** Takes out who goes next at this endpoint: of the priority to which the slot was reserved, else of the highest. */
  take(endpointName: string, reservedFor: RequestPriority | null): Waiter | null {
    const order = reservedFor === null ? PRIORITIES : [reservedFor, ...PRIORITIES];
    for (const priority of order) {
      const line = this.lines[priority];
      const index = line.findIndex(({ endpoint }) => endpoint.name === endpointName);
      if (index >= 0) return line.splice(index, 1)[0] ?? null;
    }
    return null;
  }

  /**
   * Who still needs a slot, the highest priority first and within one the longest waiting endpoint. `slotsInHand` are taken
   * off per endpoint; `room` tells how many more of an endpoint may be under way.
   */
  demand(slotsInHand: ReadonlyMap<string, number>, total: number, room: (endpoint: string) => number): Demand[] {
    const uncovered = new Map<string, Demand>();
    const covered = new Map(slotsInHand);
    const counted = new Map<string, number>();
    let left = total;
    for (const { endpoint, priority } of PRIORITIES.flatMap((line) => this.lines[line])) {
      if (left <= 0) break;
      const inHand = covered.get(endpoint.name) ?? 0;
      if (inHand > 0) {
        covered.set(endpoint.name, inHand - 1);
        continue;
      }
      const already = counted.get(endpoint.name) ?? 0;
      if (already + (slotsInHand.get(endpoint.name) ?? 0) >= room(endpoint.name)) continue;
      counted.set(endpoint.name, already + 1);
      const key = `${priority} ${endpoint.name}`;
      const known = uncovered.get(key);
      if (known === undefined) uncovered.set(key, { endpoint, priority, count: 1 });
      else known.count += 1;
      left -= 1;
    }
    return [...uncovered.values()];
  }

  /** Takes out everybody who has waited as long as they would. */
  takeExpired(nowMs: number): Waiter[] {
    return PRIORITIES.flatMap((priority) => {
      const line = this.lines[priority];
      const expired = line.filter(({ untilMs }) => untilMs <= nowMs);
      if (expired.length > 0) this.lines[priority] = line.filter(({ untilMs }) => untilMs > nowMs);
      return expired;
    });
  }

  /** When the next one has waited long enough; infinite when nobody waits. */
  nextExpiryMs(): number {
    let next = Infinity;
    for (const priority of PRIORITIES) for (const { untilMs } of this.lines[priority]) next = Math.min(next, untilMs);
    return next;
  }

  takeAll(): Waiter[] {
    return PRIORITIES.flatMap((priority) => this.lines[priority].splice(0));
  }
}
