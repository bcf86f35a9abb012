import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Clock } from '../common/clock.js';
import { notFound } from '../common/errors.js';
import { decodeCursor, toPage } from '../common/pagination.js';
import type { Page } from '../common/pagination.js';
import { Attribution } from './attribution.entity.js';
import { stepsOf } from './rules/commission-steps.js';
import { moneyBackOf } from './rules/taken-back-step.js';
import { commissionView } from './commission-views.js';
import { Commission } from './commission.entity.js';
import { CommissionsRepository, type CommissionRow, type PostingRow } from './commissions.repository.js';
import type {
  CommissionExplanationView,
  CommissionPostingView,
  CommissionSaleView,
  CommissionView,
  ListCommissionsQuery,
} from './dto/commission.dto.js';
import { CommissionHolds } from './holds/commission-holds.service.js';
import { holdSteps } from './holds/hold-steps.js';
import { decisionView } from './holds/reviews.service.js';
import { Sale } from './sale.entity.js';

const LIST = 'commissions';

/** What was earned, as it stands now: every figure and state is derived from the ledger when it is asked for. */
@Injectable()
export class CommissionsService {
  constructor(
    private readonly db: DataSource,
    private readonly commissions: CommissionsRepository,
    private readonly holds: CommissionHolds,
    private readonly clock: Clock,
  ) {}

  /** Newest first. */
  async list(workspaceId: string, query: ListCommissionsQuery): Promise<Page<CommissionView>> {
    const { limit, cursor, ...filter } = query;
    const after = cursor === undefined ? undefined : decodeCursor(LIST, cursor);
    const rows = await this.commissions.find(workspaceId, { ...filter, after, limit: limit + 1 }, this.clock.now());
    const page = toPage(LIST, rows, limit, ({ position, id }) => ({ sort: position, id }));
    return { ...page, data: page.data.map(commissionView) };
  }

  async get(workspaceId: string, id: string): Promise<CommissionView> {
    return commissionView(await this.require(workspaceId, id));
  }

  /** How it came about, in figures and in sentences. */
  async explain(workspaceId: string, id: string): Promise<CommissionExplanationView> {
    const row = await this.require(workspaceId, id);
    const { program_id: programId, customer_id: customerId, sale_id: saleId } = row;
    const manager = this.db.manager;
    const commission = await manager.getRepository(Commission).findOneByOrFail({ workspaceId, id });
    const { explanation } = commission;
    const sold = await manager.getRepository(Sale).findOneByOrFail({ workspaceId, id: saleId });
    const bound = await manager.getRepository(Attribution).findOneBy({ workspaceId, programId, customerId });
    const decisions = await this.holds.decisionsOf(commission, manager);
    const ledger = (await this.commissions.postings(workspaceId, id)).map(postingViewOf);
    const view = commissionView(row);
    const sale = saleViewOf(sold);
    return {
      ...view,
      sale,
      evidence: bound?.evidence ?? [],
      holds: row.holds,
      decisions: decisions.map(decisionView),
      explanation,
      steps: [...stepsOf(view, sale, explanation, moneyBackOf(ledger)), ...holdSteps(row.holds, decisions)],
      ledger,
    };
  }

  private async require(workspaceId: string, id: string): Promise<CommissionRow> {
    const [row] = await this.commissions.find(workspaceId, { id, limit: 1 }, this.clock.now());
    if (row === undefined) throw notFound('commission', id, 'id');
    return row;
  }
}

function saleViewOf({ id, source, sourceId, occurredAt, cashMinor, currency }: Sale): CommissionSaleView {
  return { id, source, sourceId, occurredAt: occurredAt.toISOString(), cashMinor, currency: currency || null };
}

function postingViewOf(row: PostingRow): CommissionPostingView {
  return {
    transactionId: row.id,
    kind: row.kind,
    amountMinor: Number(row.amount),
    occurredAt: row.occurred_at.toISOString(),
    postedAt: row.posted_at.toISOString(),
    cause: row.cause,
  };
}
