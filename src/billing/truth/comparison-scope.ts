import { setTimeout as sleep } from 'node:timers/promises';
import type { RequestPriority } from '../../stripe/slot-schedule.js';
import type { StripeObjectType } from '../objects/object-type.js';

/** What is to be compared, and how hard. */
export interface ComparisonScope {
  workspaceId: string;
  /** '' for the workspace's own objects. */
  account: string;
  types: readonly StripeObjectType[];
  /** At most so many objects of each type, the newest; null for all. */
  sample: number | null;
  /** Write what Stripe has, and bury what it no longer has. */
  repair: boolean;
  priority: RequestPriority;
  /** Types at once. */
  lanes: number;
  /** Requests an hour; null for as many as the limiter allows. */
  requestsPerHour: number | null;
  /** Whether what is held of a type that is listed inside another type's objects is asked about too. */
  asksForCovered: boolean;
  /** Called before each request, and each second while one waits for its turn; what it throws ends the comparison. */
  onProgress?: () => Promise<void> | void;
  /** Called after each of the two looks at a type: at its list, and at what that left out. */
  onLooked?: () => void;
}

const MS_PER_HOUR = 3_600_000;
/** A small budget means long pauses: leases are kept, and a stop is heard, while they last. */
const HEARD_EVERY_MS = 1_000;

/** Counts the requests of one type and spreads them over the hour. */
export class Pace {
  requests = 0;
  private nextAt = 0;

  constructor(private readonly scope: Pick<ComparisonScope, 'requestsPerHour' | 'onProgress'>) {}

  count(): void {
    this.requests += 1;
  }

  /** To be waited for before each request. */
  async wait(): Promise<void> {
    await this.scope.onProgress?.();
    if (this.scope.requestsPerHour === null) return;
    const now = performance.now();
    const at = Math.max(now, this.nextAt);
    this.nextAt = at + MS_PER_HOUR / this.scope.requestsPerHour;
    for (let left = at - now; left > 0; left = at - performance.now()) {
      await sleep(Math.min(left, HEARD_EVERY_MS));
      await this.scope.onProgress?.();
    }
  }
}
