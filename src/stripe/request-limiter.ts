/** Who goes first when Stripe's limit is reached: what a webhook waits for, then people, then bulk. */
export type RequestPriority = 'refetch' | 'interactive' | 'bulk';

const ORDER: readonly RequestPriority[] = ['refetch', 'interactive', 'bulk'];

/** Kept below Stripe's published 100 (live) and 25 (test) requests a second. Source: https://docs.stripe.com/rate-limits */
export const REQUESTS_PER_SECOND = { live: 95, test: 24 } as const;

/** A token bucket with three waiting lines. One per process; several replicas share Stripe's limit by its 429 answers. */
export class RequestLimiter {
  private tokens: number;
  private refilledAt: number;
  private timer: NodeJS.Timeout | null = null;
  private readonly waiting: Record<RequestPriority, Array<() => void>> = { refetch: [], interactive: [], bulk: [] };

  constructor(private readonly perSecond: number) {
    this.tokens = perSecond;
    this.refilledAt = performance.now();
  }

  /** Resolves when the request may be sent. */
  async acquire(priority: RequestPriority): Promise<void> {
    this.refill();
    if (this.tokens >= 1 && ORDER.every((line) => this.waiting[line].length === 0)) {
      this.tokens -= 1;
      return;
    }
    await new Promise<void>((resolve) => {
      this.waiting[priority].push(resolve);
      this.schedule();
    });
  }

  private refill(): void {
    const now = performance.now();
    this.tokens = Math.min(this.perSecond, this.tokens + ((now - this.refilledAt) / 1000) * this.perSecond);
    this.refilledAt = now;
  }

  private schedule(): void {
    if (this.timer !== null) return;
    this.timer = setTimeout(() => {
      this.timer = null;
      this.release();
    }, 1000 / this.perSecond);
    this.timer.unref();
  }

  private release(): void {
    this.refill();
    for (const line of ORDER) {
      while (this.tokens >= 1) {
        const next = this.waiting[line].shift();
        if (next === undefined) break;
        this.tokens -= 1;
        next();
      }
    }
    if (ORDER.some((line) => this.waiting[line].length > 0)) this.schedule();
  }
}
