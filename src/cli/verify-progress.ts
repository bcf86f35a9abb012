import type { Terminal } from './command.js';
import { barOf, clearLine, replaceLine, whole } from './progress-line.js';

const SHOWN_EVERY_MS = 500;

/** Shows how far a comparison is, on a terminal; says nothing elsewhere. */
export class VerifyProgress {
  private requests = 0;
  private share = 0;
  private shownAtMs: number | null = null;

  constructor(private readonly terminal: Terminal) {}

  /** Another request goes to Stripe. */
  asked(nowMs: number): void {
    this.requests += 1;
    this.show(nowMs);
  }

  /** So much is compared, of 1. */
  reached(share: number, nowMs: number): void {
    this.share = share;
    this.show(nowMs);
  }

  /** Leaves the place to what comes next. */
  end(): void {
    if (this.shownAtMs !== null) clearLine(this.terminal);
    this.shownAtMs = null;
  }

  private show(nowMs: number): void {
    if (this.terminal.isTTY !== true) return;
    if (this.shownAtMs !== null && nowMs - this.shownAtMs < SHOWN_EVERY_MS) return;
    this.shownAtMs = nowMs;
    replaceLine(`${barOf(this.share)} compared  ${whole(this.requests)} requests`, this.terminal);
  }
}
