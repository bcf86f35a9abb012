/** One queue's state, as operators see it. */
export interface QueueBacklog {
  /** snake_case: `inbox`, `settle`. */
  queue: string;
  waiting: number;
  /** How long the oldest item has been waiting, on the database's clock; null when nothing waits. */
  oldestSeconds: number | null;
}

/** What waits to be done. Whoever owns the queues implements it; readiness and metrics report it. */
export abstract class BacklogReporter {
  abstract backlog(): Promise<QueueBacklog[]>;
}
