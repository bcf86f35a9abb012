import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { Clock } from '../../common/clock.js';
import { BackfillCounts } from './backfill-counts.js';
import { HEARTBEAT_MS } from './backfill-tasks.js';
import type { Backfill, BackfillState } from './backfill.entity.js';
import type { JobFacts } from './task.js';

/** How many reasons stand in a job's error. */
const REASONS_SHOWN = 3;

/** The rows of jobs. */
@Injectable()
export class Backfills {
  constructor(
    private readonly db: DataSource,
    private readonly counts: BackfillCounts,
    private readonly clock: Clock,
  ) {}

  /** Ends the jobs that have nothing left to do; one that could read none of its lists has failed. A dry run counts what it did not meet. */
  async endFinished(workspaceId: string): Promise<void> {
    const jobs = await this.db.query<Array<{ id: string }>>(
      `SELECT b.id FROM tributary.backfill b WHERE b.workspace_id = $1 AND b.state = 'running'
          AND NOT EXISTS (SELECT FROM tributary.backfill_task t WHERE t.backfill_id = b.id AND t.state = 'open')`,
      [workspaceId],
    );
    for (const { id } of jobs) await this.db.transaction((tx) => this.end(id, tx));
  }

  /** Whatever it still had to do is left. Answers whether it ran. */
  async cancel(workspaceId: string, id: string, tx: EntityManager): Promise<boolean> {
    const canceled = await this.close(id, workspaceId, { state: 'canceled', error: null }, tx);
    if (canceled) await this.counts.forget(id, tx);
    return canceled;
  }

  async fail(
    { id, workspaceId }: Pick<JobFacts, 'id' | 'workspaceId'>,
    error: string,
    tx: EntityManager,
  ): Promise<void> {
    await this.close(id, workspaceId, { state: 'failed', error }, tx);
    await this.counts.forget(id, tx);
  }

  private async end(id: string, tx: EntityManager): Promise<void> {
    const [job] = (await tx.query(
      `SELECT workspace_id, dry_run, extract(epoch FROM since)::bigint AS since FROM tributary.backfill
        WHERE id = $1 AND state = 'running' FOR UPDATE`,
      [id],
    )) as Array<{ workspace_id: string; dry_run: boolean; since: string | null }>;
    // Another replica was quicker.
    if (job === undefined) return;
    const { workspace_id: workspaceId, dry_run: dryRun } = job;
    const since = job.since === null ? null : Number(job.since);
    if (dryRun) await this.counts.countDeleted({ id, workspaceId, dryRun, since, types: null }, tx);
    const failures = (await tx.query(
      `SELECT object_table, reason FROM tributary.backfill_task AS t
        WHERE backfill_id = $1 AND (state = 'failed' OR (state = 'skipped' AND NOT EXISTS (
                SELECT FROM tributary.backfill_task read WHERE read.backfill_id = t.backfill_id AND read.state = 'done')))
        ORDER BY id`,
      [id],
    )) as Array<{ object_table: string; reason: string }>;
    const error = failures
      .slice(0, REASONS_SHOWN)
      .map(({ object_table: table, reason }) => `${table}: ${reason}`)
      .join('; ');
    await this.close(
      id,
      workspaceId,
      failures.length === 0 ? { state: 'done', error: null } : { state: 'failed', error },
      tx,
    );
  }

  private async close(
    id: string,
    workspaceId: string,
    { state, error }: Pick<Backfill, 'error'> & { state: BackfillState },
    tx: EntityManager,
  ): Promise<boolean> {
    const [, count] = (await tx.query(
      `UPDATE tributary.backfill
          SET state = $3, error = $4, finished_at = $6,
              worked_ms = worked_ms + least(coalesce(extract(epoch FROM now() - worked_at) * 1000, 0), $5)::bigint
        WHERE id = $1 AND workspace_id = $2 AND state = 'running'`,
      [id, workspaceId, state, error, 2 * HEARTBEAT_MS, this.clock.now()],
    )) as [unknown, number];
    return count > 0;
  }
}
