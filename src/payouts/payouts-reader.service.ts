import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager, type ObjectLiteral, type SelectQueryBuilder } from 'typeorm';
import { notFound } from '../common/errors.js';
import type { PageQuery } from '../common/page-query.dto.js';
import { decodeCursor, toPage, type Page } from '../common/pagination.js';
import { Reservations } from '../ledger/reservations.service.js';
import type { ListPayoutRunsQuery, PayoutRunSummary, PayoutRunView } from './dto/payout-run.dto.js';
import type { ListPayoutsQuery, PayoutDetail, PayoutView } from './dto/payout.dto.js';
import { PayoutAttempt } from './payout-attempt.entity.js';
import { PayoutRun } from './payout-run.entity.js';
import { attemptView, payoutView, runSummary, runView } from './payout-views.js';
import { Payout } from './payout.entity.js';

const RUNS = 'payout-runs';
const PAYOUTS = 'payouts';

/** Shows runs and payouts. Lists are newest first: ids sort by their creation. */
@Injectable()
export class PayoutsReader {
  constructor(
    private readonly db: DataSource,
    private readonly reservations: Reservations,
  ) {}

  /** Errors: `payout_run_not_found`. */
  async getRun(workspaceId: string, id: string, manager: EntityManager = this.db.manager): Promise<PayoutRunView> {
    const run = await manager.getRepository(PayoutRun).findOneBy({ workspaceId, id });
    if (run === null) throw notFound('payout_run', id, 'id');
    const payouts = await manager.getRepository(Payout).find({
      where: { workspaceId, runId: id },
      order: { id: 'ASC' },
    });
    return runView(run, payouts);
  }

  async listRuns(workspaceId: string, query: ListPayoutRunsQuery): Promise<Page<PayoutRunSummary>> {
    const select = this.db
      .getRepository(PayoutRun)
      .createQueryBuilder('o')
      .where('o.workspace_id = :workspaceId', { workspaceId });
    if (query.state !== undefined) select.andWhere('o.state = :state', { state: query.state });
    const page = await pageOf(RUNS, select, query);
    const totals = await this.totalsOf(
      workspaceId,
      page.data.map(({ id }) => id),
    );
    const none = { totalMinor: 0, payoutCount: 0 };
    return { ...page, data: page.data.map((run) => runSummary(run, totals.get(run.id) ?? none)) };
  }

  async list(workspaceId: string, query: ListPayoutsQuery): Promise<Page<PayoutView>> {
    const select = this.db
      .getRepository(Payout)
      .createQueryBuilder('o')
      .where('o.workspace_id = :workspaceId', { workspaceId });
    const { runId, partnerId, state } = query;
    if (runId !== undefined) select.andWhere('o.run_id = :runId', { runId });
    if (partnerId !== undefined) select.andWhere('o.partner_id = :partnerId', { partnerId });
    if (state !== undefined) select.andWhere('o.state = :state', { state });
    const page = await pageOf(PAYOUTS, select, query);
    return { ...page, data: page.data.map(payoutView) };
  }

  /** What was approved for the partner; drafts may still change, and are nobody's promise. */
  async listApproved(workspaceId: string, partnerId: string, query: PageQuery): Promise<Page<PayoutView>> {
    const select = this.db
      .getRepository(Payout)
      .createQueryBuilder('o')
      .where('o.workspace_id = :workspaceId AND o.partner_id = :partnerId', { workspaceId, partnerId })
      .andWhere('o.approved_at IS NOT NULL');
    const page = await pageOf(PAYOUTS, select, query);
    return { ...page, data: page.data.map(payoutView) };
  }

  /** Errors: `payout_not_found`. */
  async get(workspaceId: string, id: string, manager: EntityManager = this.db.manager): Promise<PayoutDetail> {
    const payout = await manager.getRepository(Payout).findOneBy({ workspaceId, id });
    if (payout === null) throw notFound('payout', id, 'id');
    const lines = await this.reservations.linesOf(workspaceId, id, manager);
    const attempts = await manager.getRepository(PayoutAttempt).find({
      where: { workspaceId, payoutId: id },
      order: { attempt: 'ASC' },
    });
    return { ...payoutView(payout), lines, attempts: attempts.map(attemptView) };
  }

  private async totalsOf(
    workspaceId: string,
    runIds: readonly string[],
  ): Promise<Map<string, { totalMinor: number; payoutCount: number }>> {
    const rows = await this.db.query<{ run_id: string; total: string; count: number }[]>(
      `SELECT run_id, sum(amount_minor) AS total, count(*)::int AS count FROM tributary.payout
        WHERE workspace_id = $1 AND run_id = ANY($2) AND state <> 'canceled' GROUP BY run_id`,
      [workspaceId, runIds],
    );
    return new Map(rows.map((row) => [row.run_id, { totalMinor: Number(row.total), payoutCount: row.count }]));
  }
}

async function pageOf<T extends ObjectLiteral & { id: string }>(
  list: string,
  select: SelectQueryBuilder<T>,
  { limit, cursor }: PageQuery,
): Promise<Page<T>> {
  if (cursor !== undefined) select.andWhere('o.id < :after', { after: decodeCursor(list, cursor).id });
  const rows = await select
    .orderBy('o.id', 'DESC')
    .limit(limit + 1)
    .getMany();
  return toPage(list, rows, limit, ({ id }) => ({ sort: id, id }));
}
