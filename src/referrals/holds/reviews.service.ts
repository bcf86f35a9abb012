import { Injectable } from '@nestjs/common';
import { DataSource, In, type EntityManager } from 'typeorm';
import type { Caller } from '../../access/caller.js';
import { Clock } from '../../common/clock.js';
import { DomainError, notFound } from '../../common/errors.js';
import { newId } from '../../common/ids.js';
import { decodeCursor, toPage, type Page } from '../../common/pagination.js';
import { commissionView } from '../commission-views.js';
import { Commission } from '../commission.entity.js';
import { CommissionsRepository, type CommissionFilter, type CommissionRow } from '../commissions.repository.js';
import { ReferralSettlement } from '../referral-settlement.service.js';
import { saleKey } from '../sale-key.js';
import { Sale } from '../sale.entity.js';
import { CommissionDecision } from './commission-decision.entity.js';
import type { CommissionDecisionView, ListReviewsQuery, ReviewState, ReviewView } from './review.dto.js';

const LIST = 'reviews';

const FILTERS: Record<ReviewState, Partial<CommissionFilter>> = {
  open: { state: 'held' },
  released: { decision: 'released' },
  rejected: { decision: 'rejected' },
};

/** People look at what is held, and let it go or refuse it. */
@Injectable()
export class ReviewsService {
  constructor(
    private readonly db: DataSource,
    private readonly commissions: CommissionsRepository,
    private readonly settlement: ReferralSettlement,
    private readonly clock: Clock,
  ) {}

  /** Newest first. */
  async list(workspaceId: string, query: ListReviewsQuery): Promise<Page<ReviewView>> {
    const { limit, cursor, state = 'open', ...whose } = query;
    const after = cursor === undefined ? undefined : decodeCursor(LIST, cursor);
    const filter = { ...whose, ...FILTERS[state], after, limit: limit + 1 };
    const rows = await this.commissions.find(workspaceId, filter, this.clock.now());
    const page = toPage(LIST, rows, limit, ({ position, id }) => ({ sort: position, id }));
    return { ...page, data: await this.viewsOf(workspaceId, page.data, this.db.manager) };
  }

  /**
   * Writes down what a person decided, and settles the commission at once. Errors: `commission_not_held` when there is
   * nothing to decide; `dispute_open`, since a dispute ends at Stripe; `person_joined`, when two customers became one just now.
   */
  async decide(
    { workspaceId, keyId }: Caller,
    id: string,
    decision: CommissionDecision['decision'],
    reason: string,
    tx: EntityManager,
  ): Promise<ReviewView> {
    const sold = await this.saleOf(workspaceId, id, tx);
    // Takes the locks under which commissions change, so that what is seen now is what is decided on.
    await this.settlement.settle(saleKey(sold), tx);
    const { state } = await this.rowOf(workspaceId, id, tx);
    const commission = await tx.getRepository(Commission).findOneByOrFail({ workspaceId, id });
    assertOpen(commission, state, decision);
    const { saleId, programId, partnerId, rule, holds } = commission;
    await tx.getRepository(CommissionDecision).insert({
      ...{ workspaceId, id: newId('decision'), commissionId: id, saleId, programId, partnerId, rule },
      ...{ decision, reason, reasons: holds, decidedBy: keyId, decidedAt: this.clock.now() },
    });
    await this.settlement.settle(saleKey(sold), tx);
    const [view] = await this.viewsOf(workspaceId, [await this.rowOf(workspaceId, id, tx)], tx);
    return view as ReviewView;
  }

  private async saleOf(workspaceId: string, id: string, tx: EntityManager): Promise<Sale> {
    const commission = await tx.getRepository(Commission).findOneBy({ workspaceId, id });
    if (commission === null) throw notFound('commission', id, 'id');
    return tx.getRepository(Sale).findOneByOrFail({ workspaceId, id: commission.saleId });
  }

  private async rowOf(workspaceId: string, id: string, tx: EntityManager): Promise<CommissionRow> {
    const [row] = await this.commissions.find(workspaceId, { id, limit: 1 }, this.clock.now(), tx);
    if (row === undefined) throw notFound('commission', id, 'id');
    return row;
  }

  private async viewsOf(
    workspaceId: string,
    rows: readonly CommissionRow[],
    manager: EntityManager,
  ): Promise<ReviewView[]> {
    const saleIds = [...new Set(rows.map((row) => row.sale_id))];
    const decisions = await manager.getRepository(CommissionDecision).find({
      where: { workspaceId, saleId: In(saleIds) },
      order: { decidedAt: 'ASC', id: 'ASC' },
    });
    return rows.map((row) => ({
      ...commissionView(row),
      holds: row.holds,
      decisions: decisions.filter((decision) => isOf(decision, row)).map(decisionView),
    }));
  }
}

/** Whether the decision is about what the commission is for. Pure. */
export function isOf(decision: CommissionDecision, row: CommissionRow): boolean {
  const { saleId, programId, partnerId, rule } = decision;
  return saleId === row.sale_id && programId === row.program_id && partnerId === row.partner_id && rule === row.rule;
}

export function decisionView({
  id,
  decision,
  reason,
  reasons,
  decidedBy,
  decidedAt,
}: CommissionDecision): CommissionDecisionView {
  return { id, decision, reason, reasons, decidedBy, decidedAt: decidedAt.toISOString() };
}

/** What was rejected can be released after all. */
function assertOpen({ id, holds }: Commission, state: string, decision: CommissionDecision['decision']): void {
  if (state !== 'held' && !(state === 'rejected' && decision === 'released')) {
    throw conflict('commission_not_held', `commission ${id} is ${state}; only a held one can be decided on`);
  }
  const dispute = holds.find(({ kind }) => kind === 'dispute');
  if (dispute === undefined || decision === 'rejected') return;
  const says = `the dispute ${dispute.id} is still open; commission ${id} is released when it is closed without a loss`;
  throw conflict('dispute_open', says);
}

function conflict(code: string, message: string): DomainError {
  return new DomainError('conflict', code, message, { field: 'id' });
}
