import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { BacklogReporter, type QueueBacklog } from '../common/backlog.js';

/** How much is stored and not yet applied, and touched and not yet settled, with the age of the oldest of each. */
@Injectable()
export class QueueBacklogReporter extends BacklogReporter {
  constructor(private readonly db: DataSource) {
    super();
  }

  override async backlog(): Promise<QueueBacklog[]> {
    const rows = (await this.db.query(BACKLOG)) as Array<{ queue: string; waiting: string; oldest: string | null }>;
    return rows.map((row) => ({
      queue: row.queue,
      waiting: Number(row.waiting),
      oldestSeconds: row.oldest === null ? null : Number(row.oldest),
    }));
  }
}

const BACKLOG = `
  SELECT 'inbox' AS queue, count(*) AS waiting, extract(epoch FROM now() - min(received_at)) AS oldest
    FROM tributary.webhook_event WHERE state = 'pending'
  UNION ALL
  SELECT 'settle', count(*), extract(epoch FROM now() - min(queued_at))
    FROM tributary.settle_queue WHERE available_at < 'infinity'
  UNION ALL
  SELECT 'refetch', count(*), NULL FROM tributary.refetch`;
