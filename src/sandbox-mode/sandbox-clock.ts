/** The sandbox's clock, which business time follows. Moving it lets everything in between happen: renewals, trials, dunning. */
export abstract class SandboxClock {
  /** Answers the new time. */
  abstract advance(seconds: number): Promise<Date>;
}
