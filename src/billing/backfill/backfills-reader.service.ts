import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { notFound } from '../../common/errors.js';
import { decodeCursor, toPage, type Page } from '../../common/pagination.js';
import { BackfillCount } from './backfill-count.entity.js';
import type { BackfillTaskState } from './backfill-task.entity.js';
import { Backfill } from './backfill.entity.js';
import type {
  BackfillProblemView,
  BackfillSummary,
  BackfillTypeView,
  BackfillView,
  ListBackfillsQuery,
} from './dto/backfill.dto.js';

const LIST = 'backfills';
const PROBLEMS_SHOWN_MAX = 200;

/** The tasks of one type, added up. */
interface TaskSums {
  object_table: string;
  open: string;
  done: string;
  skipped: string;
  failed: string;
  requests: string;
  remaining: string | null;
}

/** Shows backfills and how far they are. */
@Injectable()
export class BackfillsReader {
  constructor(private readonly db: DataSource) {}

  /** Errors: `backfill_not_found`. */
  async get(workspaceId: string, id: string, manager: EntityManager = this.db.manager): Promise<BackfillView> {
    const job = await manager.getRepository(Backfill).findOneBy({ workspaceId, id });
    if (job === null) throw notFound('backfill', id, 'id');
    const [counts, sums, problems] = [
      await manager.getRepository(BackfillCount).find({ where: { backfillId: id }, order: { objectTable: 'ASC' } }),
      (await manager.query(TASK_SUMS, [id])) as TaskSums[],
      (await manager.query(PROBLEMS, [id, PROBLEMS_SHOWN_MAX])) as BackfillProblemView[],
    ];
    return viewOf(job, counts, sums, problems);
  }

  /** Newest first. */
  async list(workspaceId: string, { state, cursor, limit }: ListBackfillsQuery): Promise<Page<BackfillSummary>> {
    const select = this.db
      .getRepository(Backfill)
      .createQueryBuilder('b')
      .where('b.workspace_id = :workspaceId', { workspaceId })
      .orderBy('b.id', 'DESC')
      .limit(limit + 1);
    if (state !== undefined) select.andWhere('b.state = :state', { state });
    if (cursor !== undefined) select.andWhere('b.id < :after', { after: decodeCursor(LIST, cursor).id });
    const page = toPage(LIST, await select.getMany(), limit, ({ id }) => ({ sort: id, id }));
    return { ...page, data: page.data.map(summaryOf) };
  }
}

const TASK_SUMS = `
  SELECT object_table, count(*) FILTER (WHERE state = 'open') AS open, count(*) FILTER (WHERE state = 'done') AS done,
         count(*) FILTER (WHERE state = 'skipped') AS skipped, count(*) FILTER (WHERE state = 'failed') AS failed,
         sum(requests) AS requests, sum(remaining) FILTER (WHERE state = 'open') AS remaining
    FROM tributary.backfill_task WHERE backfill_id = $1 GROUP BY object_table ORDER BY min(id)`;

const PROBLEMS = `
  SELECT object_table AS type, nullif(account, '') AS account, state, reason FROM tributary.backfill_task
   WHERE backfill_id = $1 AND reason IS NOT NULL ORDER BY id LIMIT $2`;

function summaryOf(job: Backfill): BackfillSummary {
  const { id, state, dryRun, types, account, error } = job;
  return {
    ...{ id, state, dryRun, types, account, error },
    since: job.since?.toISOString() ?? null,
    createdAt: job.createdAt.toISOString(),
    finishedAt: job.finishedAt?.toISOString() ?? null,
    workedAt: job.workedAt?.toISOString() ?? null,
  };
}

function viewOf(
  job: Backfill,
  counts: readonly BackfillCount[],
  sums: readonly TaskSums[],
  problems: BackfillProblemView[],
): BackfillView {
  const byType = typesOf(counts, sums);
  const total = (of: (type: BackfillTypeView) => number): number => byType.reduce((sum, type) => sum + of(type), 0);
  const tasks = (of: Exclude<keyof TaskSums, 'object_table'>): number =>
    sums.reduce((sum, row) => sum + Number(row[of]), 0);
  const objects = total((type) => type.objects);
  const requests = total((type) => type.requests);
  const known = byType.flatMap(({ remainingRequests }) => remainingRequests ?? []);
  const remainingRequests = known.length === 0 ? null : known.reduce((sum, one) => sum + one, 0);
  const perSecond = (count: number): number | null =>
    job.workedMs > 0 ? Math.round((count / job.workedMs) * 10_000) / 10 : null;
  const requestsPerSecond = perSecond(requests);
  return {
    ...summaryOf(job),
    ...{ objects, requests, remainingRequests, requestsPerSecond, byType, problems },
    added: total((type) => type.added),
    changed: total((type) => type.changed),
    unchanged: total((type) => type.unchanged),
    deleted: total((type) => type.deleted),
    tasks: { open: tasks('open'), done: tasks('done'), skipped: tasks('skipped'), failed: tasks('failed') },
    objectsPerSecond: perSecond(objects),
    remainingSeconds:
      remainingRequests === null || !requestsPerSecond ? null : Math.ceil(remainingRequests / requestsPerSecond),
  };
}

/** Types that only come inside of others have counts and no tasks. */
function typesOf(counts: readonly BackfillCount[], sums: readonly TaskSums[]): BackfillTypeView[] {
  const countsOf = new Map(counts.map((count) => [count.objectTable, count]));
  const sumsOf = new Map(sums.map((row) => [row.object_table, row]));
  return [...new Set([...sumsOf.keys(), ...countsOf.keys()])].map((type) => {
    const { objects = 0, added = 0, changed = 0, unchanged = 0, deleted = 0 } = countsOf.get(type) ?? {};
    const sum = sumsOf.get(type);
    return {
      ...{ type, objects, added, changed, unchanged, deleted },
      state: sum === undefined ? 'done' : stateOf(sum),
      requests: Number(sum?.requests ?? 0),
      remainingRequests: sum?.remaining == null ? (sum?.open === '0' ? 0 : null) : Number(sum.remaining),
    };
  });
}

function stateOf({ open, failed, done }: TaskSums): BackfillTaskState {
  if (open !== '0') return 'open';
  if (failed !== '0') return 'failed';
  return done === '0' ? 'skipped' : 'done';
}
