import { setImmediate as nextTurn } from 'node:timers/promises';
import { DomainError } from '../common/errors.js';
import { AdaptiveLimit } from './adaptive-limit.js';
import type { StripeEndpoint } from './endpoint.js';
import type { RateRefusal } from './rate-refusal.js';
import type { CutOf, Lease, SlotLeases } from './slot-leases.js';
import { PRIORITIES, timesOf, type RequestPriority } from './slot-schedule.js';
import type { StripeLimits } from './stripe-limits.js';
import type { StripeMetrics } from './stripe-metrics.js';
import { WaitingLines, type Demand } from './waiting-lines.js';

/** A slot that could not be used so long after its time (a process that stood still) is lost, so that none pile up. */
const LATE_MAX_MS = 100;
/** A line that is taken up to its reach is asked again after this, spread so that replicas take turns. */
const ASK_AGAIN_MS = { least: 60, spread: 50 } as const;
/** Distinct pairs of endpoint and priority in one lease. */
const ASKS_MAX = 50;
/** Cut down to this, a limit still lets something through, or nothing would ever show that it has passed. */
const RATE_LEAST = 1;
const FLIGHTS_LEAST = 1;

const EVERYTHING = '';

interface Slot {
  endpoint: string;
  atMs: number;
  reservedFor: RequestPriority | null;
}

interface Limits {
  rate: AdaptiveLimit;
  flights: AdaptiveLimit;
}

/**
 * Lets requests go at the times that were leased for them, together with all other replicas. In any second at most the
 * rate, `BURST_SECONDS` of slots that passed unused before, and what `LATE_MAX_MS` can delay.
 */
export class RequestLimiter {
  private readonly lines = new WaitingLines();
  private readonly limits = new Map<string, Limits>();
  private readonly flights = new Map<string, number>();
  private readonly blockedUntilMs: Record<RequestPriority, number> = { refetch: 0, interactive: 0, bulk: 0 };
  private slots: Slot[] = [];
  private timer: NodeJS.Timeout | null = null;
  private isLeasing = false;
  private isClosed = false;

  constructor(
    private readonly leases: SlotLeases,
    private readonly figures: StripeLimits,
    private readonly metrics: StripeMetrics,
  ) {}

  /** Resolves when the request may be sent; call what it answers when the answer is there. Errors: `stripe_queue_full`. */
  async acquire(
    endpoint: StripeEndpoint,
    priority: RequestPriority,
    waitMaxMs = this.figures.waitMaxMs[priority],
  ): Promise<() => void> {
    if (this.isClosed) throw stopping();
    const sinceMs = performance.now();
    await new Promise<void>((go, giveUp) => {
      this.lines.add({
        endpoint,
        priority,
        untilMs: sinceMs + waitMaxMs,
        go,
        giveUp: (reason) => giveUp(reason ?? queueFull(priority, waitMaxMs)),
      });
      void this.pump();
    });
    this.metrics.waited(priority, performance.now() - sinceMs);
    return () => this.land(endpoint.name);
  }

  /** Stripe answered 429: what it names is cut, here and for the other replicas. */
  refused(endpoint: StripeEndpoint, reason: RateRefusal): void {
    this.metrics.rateLimited(reason);
    switch (reason) {
      case 'global-rate':
      case 'other':
        return this.cut(EVERYTHING, 'rate');
      case 'endpoint-rate':
        return this.cut(endpoint.name, 'rate', endpoint);
      case 'global-concurrency':
        return this.cut(EVERYTHING, 'flights');
      case 'endpoint-concurrency':
        return this.cut(endpoint.name, 'flights', endpoint);
      // They are about one object: only the request itself waits longer.
      case 'resource-specific':
      case 'none':
        return;
    }
  }

  /** Gives up all who wait. */
  close(): void {
    this.isClosed = true;
    if (this.timer !== null) clearTimeout(this.timer);
    for (const waiter of this.lines.takeAll()) waiter.giveUp(stopping());
  }

  private land(endpointName: string): void {
    for (const name of [EVERYTHING, endpointName]) this.flights.set(name, this.flightsOf(name) - 1);
    void this.pump();
  }

  private async pump(): Promise<void> {
    // Callers of the same turn are looked at together, so that they share one lease.
    await nextTurn();
    if (this.isClosed) return;
    const now = performance.now();
    this.giveUpExpired(now);
    this.useSlots(now);
    const demand = this.demand(now);
    if (demand.some(({ priority }) => this.blockedUntilMs[priority] <= now)) void this.lease(demand);
    this.schedule(now, demand);
  }

  private useSlots(now: number): void {
    const kept: Slot[] = [];
    for (const slot of this.slots) {
      if (now - slot.atMs > LATE_MAX_MS) continue;
      const mayGo = slot.atMs <= now && this.room(EVERYTHING, now) > 0 && this.room(slot.endpoint, now) > 0;
      const waiter = mayGo ? this.lines.take(slot.endpoint, slot.reservedFor) : null;
      if (waiter === null) {
        kept.push(slot);
        continue;
      }
      for (const name of [EVERYTHING, slot.endpoint]) this.flights.set(name, this.flightsOf(name) + 1);
      waiter.go();
    }
    this.slots = kept;
  }

  private demand(now: number): Demand[] {
    const inHand = new Map<string, number>();
    for (const { endpoint } of this.slots) inHand.set(endpoint, (inHand.get(endpoint) ?? 0) + 1);
    const total = this.room(EVERYTHING, now) - this.slots.length;
    return this.lines.demand(inHand, total, (endpoint) => this.room(endpoint, now)).slice(0, ASKS_MAX);
  }

  private async lease(demand: readonly Demand[]): Promise<void> {
    if (this.isLeasing) return;
    this.isLeasing = true;
    const now = performance.now();
    const rate = this.limitsOf(EVERYTHING).rate.allowedAt(now);
    this.metrics.allows(rate);
    const asks = demand.map(({ endpoint, priority, count }) => ({
      endpoint: endpoint.name,
      priority,
      wanted: count,
      rate: this.limitsOf(endpoint.name, endpoint).rate.allowedAt(now),
    }));
    try {
      const lease = await this.leases.lease(asks, rate);
      this.learn(lease);
      this.take(lease, asks, rate);
    } finally {
      this.isLeasing = false;
      void this.pump();
    }
  }

  private take(
    { grants, share }: Lease,
    asks: readonly { endpoint: string; priority: RequestPriority; wanted: number; rate: number }[],
    rate: number,
  ): void {
    const now = performance.now();
    grants.forEach((grant, i) => {
      const ask = asks[i];
      if (ask === undefined) return;
      const reservedFor = grant.reserved ? ask.priority : null;
      for (const at of timesOf(grant, rate * share, ask.rate * share)) {
        this.slots.push({ endpoint: ask.endpoint, atMs: now + at * 1_000, reservedFor });
      }
      if (grant.granted < ask.wanted) {
        this.blockedUntilMs[ask.priority] = now + ASK_AGAIN_MS.least + Math.random() * ASK_AGAIN_MS.spread;
      }
    });
    this.slots.sort((a, b) => a.atMs - b.atMs);
  }

  private learn({ cuts }: Lease): void {
    const now = performance.now();
    for (const { endpoint, of, to, ageSeconds } of cuts) {
      this.limitsOf(endpoint)[of].learn({ to, atMs: now - ageSeconds * 1_000 }, now);
    }
  }

  private cut(name: string, of: CutOf, endpoint?: StripeEndpoint): void {
    const now = performance.now();
    const limit = this.limitsOf(name, endpoint)[of];
    // How many may be under way is not published, so what was under way is the measure.
    const used = of === 'flights' ? Math.max(1, this.flightsOf(name)) * this.leases.replicas : undefined;
    const cut = limit.cut(now, used);
    if (cut === null) return;
    if (name === EVERYTHING) this.metrics.allows(this.limitsOf(EVERYTHING).rate.allowedAt(now));
    void this.leases.note(name, of, cut.to);
  }

  /** How many more may be under way now, of this process. */
  private room(name: string, now: number): number {
    const allowed = this.limits.get(name)?.flights.allowedAt(now) ?? this.figures.flightsMax;
    return Math.max(FLIGHTS_LEAST, Math.floor(allowed / this.leases.replicas)) - this.flightsOf(name);
  }

  private flightsOf(name: string): number {
    return this.flights.get(name) ?? 0;
  }

  private limitsOf(name: string, endpoint?: StripeEndpoint): Limits {
    const known = this.limits.get(name);
    if (known !== undefined) return known;
    const perSecond =
      name === EVERYTHING ? this.figures.requestsPerSecond : this.figures.perSecondOf(endpoint ?? { name, family: '' });
    const limits = {
      rate: new AdaptiveLimit(perSecond, RATE_LEAST),
      flights: new AdaptiveLimit(this.figures.flightsMax, FLIGHTS_LEAST),
    };
    this.limits.set(name, limits);
    return limits;
  }

  private giveUpExpired(now: number): void {
    for (const waiter of this.lines.takeExpired(now)) waiter.giveUp();
  }

  /** Wakes up for the next slot, the next question for slots or the next one whose patience ends. */
  private schedule(now: number, demand: readonly Demand[]): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    if (this.lines.isEmpty) return;
    const asks = PRIORITIES.filter((priority) => demand.some((one) => one.priority === priority));
    const next = Math.min(
      ...this.slots
        .filter(({ atMs }) => atMs > now)
        .slice(0, 1)
        .map(({ atMs }) => atMs),
      ...asks.map((priority) => this.blockedUntilMs[priority]).filter((atMs) => atMs > now),
      this.lines.nextExpiryMs(),
    );
    this.timer = setTimeout(() => void this.pump(), Math.max(1, next - now));
  }
}

function queueFull(priority: RequestPriority, waitedMs: number): DomainError {
  return new DomainError(
    'unavailable',
    'stripe_queue_full',
    `too many requests wait for Stripe's rate limit: this one (${priority}) found no room within ${Math.round(waitedMs / 100) / 10} s and was not sent; try again later`,
    { retryAfterSeconds: 5 },
  );
}

function stopping(): DomainError {
  return new DomainError('unavailable', 'stopping', 'the service is stopping; the request to Stripe was not sent');
}
