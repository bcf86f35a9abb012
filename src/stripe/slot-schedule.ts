/** Who goes first when Stripe's limit is reached: what a webhook waits for, then people, then bulk. */
export type RequestPriority = 'refetch' | 'interactive' | 'bulk';

/** The first goes first. */
export const PRIORITIES: readonly RequestPriority[] = ['refetch', 'interactive', 'bulk'];

/**
 * How far ahead of now slots may be taken, in seconds. This alone is the order between replicas: whoever reaches further
 * takes the slots before the others may, and a refetch never waits longer than bulk can have taken ahead of it.
 */
export const AHEAD_SECONDS: Readonly<Record<RequestPriority, number>> = { refetch: 0.4, interactive: 0.3, bulk: 0.2 };
/** Slots that passed unused may still be used for so long; with them a second can hold this much more than its rate. */
export const BURST_SECONDS = 0.02;
/** Interactive and bulk requests get at least this share of all slots each, whoever else waits. */
export const FLOOR_SHARE = 0.1;
/** No slot further ahead than this is handed out, not even for the floor. */
export const FLOOR_REACH_SECONDS = 1;

/** Wanted slots of one endpoint and priority. */
export interface Ask {
  endpoint: string;
  priority: RequestPriority;
  wanted: number;
  /** Of the endpoint, in requests a second. */
  rate: number;
}

/** Slots of both lines, in seconds from now: the first of them, and the others 1/rate apart. */
export interface Grant {
  granted: number;
  /** It was due to this priority and is not to be given to a higher one. */
  reserved: boolean;
  from: number;
  ownFrom: number;
}

/** The lines of slots of one process that is cut off from the others. Times in seconds. */
export class SlotSchedule {
  private nextAt = 0;
  private readonly endpointsNextAt = new Map<string, number>();
  private readonly dueAt: Record<RequestPriority, number> = { refetch: Infinity, interactive: 0, bulk: 0 };

  /** Slots until then were taken elsewhere. */
  startFrom(at: number): void {
    this.nextAt = Math.max(this.nextAt, at);
  }

  /** Takes the asks in their order. The function `tributary.lease_stripe_slots` does the same for all replicas. */
  lease(asks: readonly Ask[], rate: number, now: number): Grant[] {
    this.nextAt = Math.max(this.nextAt, now - BURST_SECONDS);
    return asks.map((ask) => this.grant(ask, rate, now));
  }

  private grant({ endpoint, priority, wanted, rate: ownRate }: Ask, rate: number, now: number): Grant {
    const next = this.nextAt;
    const ownNext = Math.max(this.endpointsNextAt.get(endpoint) ?? 0, now - BURST_SECONDS);
    const until = now + AHEAD_SECONDS[priority];
    let granted = Math.min(wanted, slotsUntil(until, next, rate), slotsUntil(until, ownNext, ownRate));
    const reserved =
      granted === 0 && this.dueAt[priority] <= now && Math.max(next, ownNext) <= now + FLOOR_REACH_SECONDS;
    if (reserved) granted = 1;
    if (granted > 0) {
      this.nextAt = next + granted / rate;
      this.endpointsNextAt.set(endpoint, ownNext + granted / ownRate);
      if (priority !== 'refetch') this.dueAt[priority] = now + 1 / (rate * FLOOR_SHARE);
    }
    return { granted, reserved, from: next - now, ownFrom: ownNext - now };
  }
}

const slotsUntil = (until: number, next: number, rate: number): number =>
  Math.max(0, Math.floor((until - next) * rate) + 1);

/** When each granted request may be sent, in seconds from now, never before now. Ascending. Pure. */
export function timesOf({ granted, from, ownFrom }: Grant, rate: number, ownRate: number): number[] {
  return Array.from({ length: granted }, (_, i) => Math.max(0, from + i / rate, ownFrom + i / ownRate));
}
