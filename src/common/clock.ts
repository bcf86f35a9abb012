export const MS_PER_SECOND = 1_000;
export const MS_PER_DAY = 86_400_000;

/**
 * Business time: holds, windows and cut-offs ask it and nothing else does. Leases, back-off and signatures run on real
 * time (the database's). In sandbox mode the business clock follows the sandbox's, which can be moved forward.
 */
export abstract class Clock {
  abstract now(): Date;
}

export class SystemClock extends Clock {
  override now(): Date {
    return new Date();
  }
}

/** A clock that runs ahead of (or behind) real time, or stands still. Used in sandbox mode and by tests. */
export class AdjustableClock extends Clock {
  private offsetMs = 0;
  private frozenAt: number | null = null;

  override now(): Date {
    return new Date(this.frozenAt ?? Date.now() + this.offsetMs);
  }

  /** From now on runs on from `instant`; a frozen clock stays frozen there. */
  set(instant: Date): void {
    this.offsetMs = instant.getTime() - Date.now();
    if (this.frozenAt !== null) this.frozenAt = instant.getTime();
  }

  freeze(instant: Date = this.now()): void {
    this.frozenAt = instant.getTime();
    this.offsetMs = instant.getTime() - Date.now();
  }
}
