import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { typeOfTable } from '../objects/registry.js';
import type { StripeObjectType } from '../objects/object-type.js';
import type { FoundTask, Piece } from './piece.js';
import { PLAN_ACCOUNTS, type ClaimedTask, type TaskCursor } from './task.js';

/** A process that says nothing for so long has ended; others go on with its tasks. */
export const LEASE_SECONDS = 20;
export const HEARTBEAT_MS = 3_000;
const ATTEMPTS_MAX = 8;
/** Before anything at Stripe was made. */
const FIRST_SECOND = Date.UTC(2011, 0, 1) / 1_000;

interface ClaimRow {
  id: string;
  backfill_id: string;
  workspace_id: string;
  dry_run: boolean;
  since: string | null;
  types: string[] | null;
  account: string;
  object_table: string;
  rule: number;
  parent: string | null;
  created_from: string | null;
  created_to: string | null;
  cursor: TaskCursor | null;
  attempts: number;
  floor: string | null;
}

/** The rows of tasks: who works on which, and how far they are. Times are the database's. */
@Injectable()
export class BackfillTasks {
  constructor(private readonly db: DataSource) {}

  /**
   * Takes tasks that nobody works on and that wait for no other; those never looked at and the longest first. Each claim has
   * a token of its own: a process that stood still and takes its own task again is another holder than it was before.
   */
  async claim(workspaceId: string, count: number): Promise<ClaimedTask[]> {
    const token = randomUUID();
    const [rows] = (await this.db.query(CLAIM, [workspaceId, token, count, LEASE_SECONDS])) as [ClaimRow[], number];
    return rows.map((row) => claimed(row, token));
  }

  /** Says that this process is alive and works on these tasks, and so at their jobs. */
  async heartbeat(tasks: readonly ClaimedTask[]): Promise<void> {
    await this.db.query(
      `WITH mine AS (UPDATE tributary.backfill_task t SET leased_until = now() + $3 * interval '1 second'
                       FROM unnest($1::bigint[], $2::text[]) AS u(id, token)
                      WHERE t.id = u.id AND t.lease_token = u.token AND t.state = 'open' RETURNING t.backfill_id)
       UPDATE tributary.backfill SET worked_at = now(),
              worked_ms = worked_ms + least(coalesce(extract(epoch FROM now() - worked_at) * 1000, 0), $4)::bigint
        WHERE id IN (SELECT backfill_id FROM mine) AND state = 'running'`,
      [...holdingsOf(tasks), LEASE_SECONDS, 2 * HEARTBEAT_MS],
    );
  }

  /** Those of the tasks that this process still holds, whose jobs still run. They stay locked until the end of `tx`. */
  async lock(tasks: readonly ClaimedTask[], tx: EntityManager): Promise<Set<string>> {
    const rows = (await tx.query(
      `SELECT t.id FROM unnest($1::bigint[], $2::text[]) AS u(id, token)
         JOIN tributary.backfill_task t ON t.id = u.id AND t.lease_token = u.token AND t.state = 'open'
         JOIN tributary.backfill b ON b.id = t.backfill_id AND b.state = 'running'
        ORDER BY t.id FOR UPDATE OF t`,
      holdingsOf(tasks),
    )) as Array<{ id: string }>;
    return new Set(rows.map(({ id }) => id));
  }

  /** Takes the steps of pieces whose tasks are locked; what they found becomes tasks. */
  async take(pieces: readonly Piece[], tx: EntityManager): Promise<void> {
    if (pieces.length === 0) return;
    const steps = pieces.map(({ task, step, requests }) => ({ ...step, id: task.id, requests, found: undefined }));
    await tx.query(TAKE, [JSON.stringify(steps), LEASE_SECONDS]);
    for (const { task, step } of pieces) await this.add(task.job.id, step.found, tx);
  }

  async add(job: string, tasks: readonly FoundTask[], tx: EntityManager): Promise<void> {
    if (tasks.length === 0) return;
    await tx.query(ADD, [job, JSON.stringify(tasks)]);
  }

  /** Gives a task back as it is, for whoever comes. */
  async release({ id, token }: ClaimedTask): Promise<void> {
    await this.db.query(
      `UPDATE tributary.backfill_task SET lease_token = NULL, leased_until = NULL
        WHERE id = $1 AND lease_token = $2 AND state = 'open'`,
      [id, token],
    );
  }

  /** Stripe does not give this list. */
  async skip(task: ClaimedTask, reason: string): Promise<void> {
    await this.db.query(
      `UPDATE tributary.backfill_task SET state = 'skipped', reason = $3, remaining = 0, lease_token = NULL, requests = requests + 1
        WHERE id = $1 AND lease_token = $2 AND state = 'open'`,
      [task.id, task.token, reason],
    );
  }

  /** Stripe gives nothing of this account any more. */
  async skipAccount({ job, account }: ClaimedTask, reason: string): Promise<void> {
    await this.db.query(
      `UPDATE tributary.backfill_task SET state = 'skipped', reason = $3, remaining = 0, lease_token = NULL
        WHERE backfill_id = $1 AND account = $2 AND state = 'open'`,
      [job.id, account, reason],
    );
  }

  /** To be tried again after a pause, or given up when it never gets on. */
  async retry(task: ClaimedTask, reason: string): Promise<void> {
    await this.db.query(
      `UPDATE tributary.backfill_task
          SET attempts = attempts + 1, reason = $3, lease_token = NULL, leased_until = NULL,
              available_at = now() + least(power(2, attempts), 60) * interval '1 second',
              state = CASE WHEN attempts + 1 >= $4 THEN 'failed' ELSE state END
        WHERE id = $1 AND lease_token = $2 AND state = 'open'`,
      [task.id, task.token, reason, ATTEMPTS_MAX],
    );
  }
}

/** The tasks and the tokens by which they are held, as two columns. */
function holdingsOf(tasks: readonly ClaimedTask[]): [ids: string[], tokens: string[]] {
  return [tasks.map(({ id }) => id), tasks.map(({ token }) => token)];
}

const CLAIM = `
  UPDATE tributary.backfill_task AS t
     SET lease_token = $2, leased_until = now() + $4 * interval '1 second'
    FROM (SELECT o.id, b.id AS job, b.workspace_id, b.dry_run, b.since, b.types
            FROM tributary.backfill b JOIN tributary.backfill_task o ON o.backfill_id = b.id
           WHERE b.workspace_id = $1 AND b.state = 'running' AND o.state = 'open' AND o.available_at <= now()
             AND (o.leased_until IS NULL OR o.leased_until < now())
             AND (o.after_tables = '{}' OR NOT EXISTS (
                   SELECT FROM tributary.backfill_task before
                    WHERE before.backfill_id = o.backfill_id AND before.account = o.account AND before.state = 'open'
                      AND before.object_table = ANY(o.after_tables) AND before.rule >= 0))
           ORDER BY b.created_at, o.remaining DESC NULLS FIRST, o.id
           LIMIT $3 FOR UPDATE OF o SKIP LOCKED) AS due
   WHERE t.id = due.id
  RETURNING t.id, t.backfill_id, due.workspace_id, due.dry_run, extract(epoch FROM due.since)::bigint AS since, due.types,
            t.account, t.object_table, t.rule, t.parent, t.created_from, t.created_to, t.cursor, t.attempts,
            (SELECT extract(epoch FROM a.created)::bigint FROM stripe.accounts a
              WHERE a.workspace_id = due.workspace_id AND a.account = '' AND a.id = t.account) AS floor`;

function claimed(row: ClaimRow, token: string): ClaimedTask {
  const type = typeOfTable(row.object_table) as StripeObjectType;
  const seconds = (value: string | null): number | null => (value === null ? null : Number(value));
  const { workspace_id: workspaceId, dry_run: dryRun, types } = row;
  return {
    ...{
      id: row.id,
      token,
      account: row.account,
      type,
      parent: row.parent,
      cursor: row.cursor,
      attempts: row.attempts,
    },
    job: { id: row.backfill_id, workspaceId, dryRun, types, since: seconds(row.since) },
    rule: row.rule === PLAN_ACCOUNTS ? null : (type.lists[row.rule] ?? null),
    ruleIndex: row.rule,
    createdFrom: seconds(row.created_from),
    createdTo: seconds(row.created_to),
    floorSeconds: seconds(row.floor) ?? FIRST_SECOND,
  };
}

const TAKE = `
  UPDATE tributary.backfill_task AS t
     SET state = s.state, reason = s.reason, cursor = s.cursor, created_from = s."createdFrom", created_to = s."createdTo",
         remaining = s.remaining, requests = t.requests + s.requests, attempts = 0,
         leased_until = now() + $2 * interval '1 second',
         lease_token = CASE WHEN s.state = 'open' THEN t.lease_token END
    FROM jsonb_to_recordset($1::jsonb) AS s(id bigint, state text, reason text, cursor jsonb, "createdFrom" bigint,
                                            "createdTo" bigint, remaining bigint, requests bigint)
   WHERE t.id = s.id`;

const ADD = `
  INSERT INTO tributary.backfill_task
    (backfill_id, account, object_table, rule, parent, after_tables, created_from, created_to, cursor, remaining)
  SELECT $1, f.account, f."table", f.rule, f.parent, ARRAY(SELECT jsonb_array_elements_text(f.after)),
         f."createdFrom", f."createdTo", f.cursor, f.remaining
    FROM jsonb_to_recordset($2::jsonb) AS f(account text, "table" text, rule integer, parent text, after jsonb,
                                            "createdFrom" bigint, "createdTo" bigint, cursor jsonb, remaining bigint)`;
