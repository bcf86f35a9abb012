import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Clock } from '../common/clock.js';
import { notFound } from '../common/errors.js';
import { decodeCursor, toPage } from '../common/pagination.js';
import type { Page } from '../common/pagination.js';
import { Attribution } from './attribution.entity.js';
import { stepsOf } from './rules/commission-steps.js';
import { Commission } from './commission.entity.js';
import { CommissionsRepository, type CommissionRow, type PostingRow } from './commissions.repository.js';
import type {
  CommissionExplanationView,
  CommissionPostingView,
  CommissionSaleView,
  CommissionView,
  ListCommissionsQuery,
} from './dto/commission.dto.js';
import { Sale } from './sale.entity.js';

const LIST = 'commissions';

/** What was earned, as it stands now: every figure and state is derived from the ledger when it is asked for. */
@Injectable()
export class CommissionsService {
  constructor(
    private readonly db: DataSource,
    private readonly commissions: CommissionsRepository,
    private readonly clock: Clock,
  ) {}

  /** Newest first. */
  async list(workspaceId: string, query: ListCommissionsQuery): Promise<Page<CommissionView>> {
    const { limit, cursor, ...filter } = query;
    const after = cursor === undefined ? undefined : decodeCursor(LIST, cursor);
    const rows = await this.commissions.find(workspaceId, { ...filter, after, limit: limit + 1 }, this.clock.now());
    const page = toPage(LIST, rows, limit, ({ position, id }) => ({ sort: position, id }));
    return { ...page, data: page.data.map(viewOf) };
  }

  async get(workspaceId: string, id: string): Promise<CommissionView> {
    return viewOf(await this.require(workspaceId, id));
  }

  /** How it came about, in figures and in sentences. */
  async explain(workspaceId: string, id: string): Promise<CommissionExplanationView> {
    const row = await this.require(workspaceId, id);
    const { program_id: programId, customer_id: customerId, sale_id: saleId } = row;
    const manager = this.db.manager;
    const { explanation } = await manager.getRepository(Commission).findOneByOrFail({ workspaceId, id });
    const sold = await manager.getRepository(Sale).findOneByOrFail({ workspaceId, id: saleId });
    const bound = await manager.getRepository(Attribution).findOneBy({ workspaceId, programId, customerId });
    const postings = await this.commissions.postings(workspaceId, id);
    const view = viewOf(row);
    const sale = saleViewOf(sold);
    return {
      ...view,
      sale,
      evidence: bound?.evidence ?? [],
      explanation,
      steps: stepsOf(view, sale, explanation),
      ledger: postings.map(postingViewOf),
    };
  }

  private async require(workspaceId: string, id: string): Promise<CommissionRow> {
    const [row] = await this.commissions.find(workspaceId, { id, limit: 1 }, this.clock.now());
    if (row === undefined) throw notFound('commission', id, 'id');
    return row;
  }
}

function viewOf(row: CommissionRow): CommissionView {
  const amountMinor = Number(row.amount);
  const netMinor = Number(row.net);
  return {
    id: row.id,
    partnerId: row.partner_id,
    programKey: row.program_key,
    programVersion: row.program_version,
    code: row.code,
    customerId: row.customer_id,
    customerExternalId: row.customer_external_id,
    source: row.source,
    sourceId: row.source_id,
    state: row.state,
    amountMinor,
    reversedMinor: amountMinor - netMinor,
    netMinor,
    currency: row.currency,
    occurredAt: row.occurred_at.toISOString(),
    dueAt: row.due_at.toISOString(),
    createdAt: row.created_at.toISOString(),
  };
}

function saleViewOf({ id, source, sourceId, occurredAt, cashMinor, currency }: Sale): CommissionSaleView {
  return { id, source, sourceId, occurredAt: occurredAt.toISOString(), cashMinor, currency };
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
