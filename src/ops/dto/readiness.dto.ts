/** One queue's backlog. */
export class QueueBacklogDto {
  queue: string;
  waiting: number;
  oldestSeconds: number | null;
}

/** Whether this replica should get traffic, and why not. */
export class ReadinessDto {
  status: 'ready' | 'not_ready';
  /** What keeps it from being ready; empty when it is. */
  reasons: string[];
  /** How long the database took to accept a write; null when it did not. */
  databaseWriteMs: number | null;
  /** What waits to be done; null when that cannot be told. A backlog never makes a replica unready. */
  backlog: QueueBacklogDto[] | null;
}
