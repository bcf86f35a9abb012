/** At most `hitsMax` within any stretch of `windowMs`, nearly: the window slides by weighing the one before it. */
export interface RateLimit {
  windowMs: number;
  hitsMax: number;
}

/**
 * Hits of one bucket in the current and the previous window, ours and (as of the last levelling) those of other replicas.
 * Pure but for its own state: the caller tells the time.
 */
export class RateWindow {
  private start = 0;
  private ours = 0;
  private othersHits = 0;
  private previous = 0;
  private unsent = 0;

  constructor(private readonly limit: RateLimit) {}

  get windowStart(): number {
    return this.start;
  }

  /** How many hits count at `nowMs`. */
  hitsAt(nowMs: number): number {
    this.moveTo(nowMs);
    const elapsed = (nowMs - this.start) / this.limit.windowMs;
    return this.previous * (1 - elapsed) + this.ours + this.othersHits;
  }

  add(nowMs: number): void {
    this.moveTo(nowMs);
    this.ours++;
    this.unsent++;
  }

  /** Seconds until at least one more hit fits; at least 1. */
  retryAfterSeconds(nowMs: number): number {
    this.moveTo(nowMs);
    const { windowMs, hitsMax } = this.limit;
    const current = this.ours + this.othersHits;
    const restOfWindowMs = this.start + windowMs - nowMs;
    if (current + 1 > hitsMax) {
      // This window alone is full: in the next one its weight must fall until one more fits.
      const share = Math.min(1, (current + 1 - hitsMax) / current);
      return Math.max(1, Math.ceil((restOfWindowMs + share * windowMs) / 1_000));
    }
    const spareWeight = (hitsMax - 1 - current) / Math.max(1, this.previous);
    return Math.max(1, Math.ceil((restOfWindowMs - spareWeight * windowMs) / 1_000));
  }

  /** Takes what was not yet told to the other replicas; give it back with `untake` if telling failed. */
  takeUnsent(): number {
    const taken = this.unsent;
    this.unsent = 0;
    return taken;
  }

  untake(windowStart: number, hits: number): void {
    if (windowStart === this.start) this.unsent += hits;
  }

  /** What all replicas together counted in the window that began at `windowStart`. */
  level(windowStart: number, hits: number): void {
    if (windowStart === this.start) this.othersHits = Math.max(0, hits + this.unsent - this.ours);
  }

  /** Nothing of it counts any more. */
  isOver(nowMs: number): boolean {
    return nowMs >= this.start + 2 * this.limit.windowMs;
  }

  private moveTo(nowMs: number): void {
    const { windowMs } = this.limit;
    const start = Math.floor(nowMs / windowMs) * windowMs;
    if (start === this.start) return;
    this.previous = start === this.start + windowMs ? this.ours + this.othersHits : 0;
    this.start = start;
    this.ours = 0;
    this.othersHits = 0;
    this.unsent = 0;
  }
}
