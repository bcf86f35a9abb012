/** After a refusal this much of the limit is left. */
export const CUT_TO_SHARE = 0.7;
/** What comes back each second, as a share of the ceiling: from one cut to full strength in about twenty seconds. */
export const RECOVERY_SHARE_PER_SECOND = 1 / 60;
/** Requests that were sent before a cut are still refused after it; they are the same event and do not cut again. */
export const CUT_EVERY_MS = 1_000;

/** What a refusal left, and when. */
export interface Cut {
  to: number;
  atMs: number;
}

/**
 * A limit that falls by a factor when Stripe refuses and comes back by a constant (AIMD), so that several replicas that
 * learn of the same refusals come to the same value. Pure but for its own state: the caller tells the time.
 */
export class AdaptiveLimit {
  private lastCut: Cut | null = null;

  constructor(
    readonly ceiling: number,
    /** It is never cut below this. */
    private readonly least: number,
  ) {}

  allowedAt(nowMs: number): number {
    return this.lastCut === null ? this.ceiling : this.after(this.lastCut, nowMs);
  }

  /** Answers the cut, to be told to the other replicas; null when one was made just now. `used` is less than is allowed. */
  cut(nowMs: number, used = Number.POSITIVE_INFINITY): Cut | null {
    if (this.lastCut !== null && nowMs - this.lastCut.atMs < CUT_EVERY_MS) return null;
    const from = Math.min(this.allowedAt(nowMs), used);
    this.lastCut = { to: Math.max(this.least, from * CUT_TO_SHARE), atMs: nowMs };
    return this.lastCut;
  }

  /** Takes over a cut that was made elsewhere, when it is the one that leaves less. */
  learn(cut: Cut, nowMs: number): void {
    if (this.after(cut, nowMs) < this.allowedAt(nowMs)) this.lastCut = cut;
  }

  private after({ to, atMs }: Cut, nowMs: number): number {
    const recovered = ((nowMs - atMs) / 1_000) * this.ceiling * RECOVERY_SHARE_PER_SECOND;
    return Math.min(this.ceiling, to + Math.max(0, recovered));
  }
}
