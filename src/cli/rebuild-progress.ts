import type { Stage } from '../rebuild/rebuild.js';
import type { Terminal } from './command.js';
import { clearLine, replaceLine, whole } from './progress-line.js';

const SHOWN_EVERY_MS = 500;

/** Shows how far a rebuild is, on a terminal; says nothing elsewhere. */
export class RebuildProgress {
  private readonly counts = new Map<Stage, number>();
  private shownAtMs: number | null = null;

  constructor(private readonly terminal: Terminal) {}

  done(stage: Stage, count: number, nowMs: number): void {
    this.counts.set(stage, (this.counts.get(stage) ?? 0) + count);
    if (this.terminal.isTTY !== true) return;
    if (this.shownAtMs !== null && nowMs - this.shownAtMs < SHOWN_EVERY_MS) return;
    this.shownAtMs = nowMs;
    const parts = [...this.counts].map(([name, total]) => (total === 0 ? name : `${whole(total)} ${name}`));
    replaceLine(parts.join('  '), this.terminal);
  }

  /** Leaves the place to what comes next. */
  end(): void {
    if (this.shownAtMs !== null) clearLine(this.terminal);
    this.shownAtMs = null;
  }
}
