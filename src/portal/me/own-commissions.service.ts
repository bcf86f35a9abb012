import { Injectable } from '@nestjs/common';
import { DataSource, In } from 'typeorm';
import type { PartnerCaller } from '../../access/current-caller.js';
import { Clock } from '../../common/clock.js';
import { notFound } from '../../common/errors.js';
import { decodeCursor, toPage, type Page } from '../../common/pagination.js';
import { commissionView } from '../../referrals/commission-views.js';
import { CommissionsRepository, type CommissionRow } from '../../referrals/commissions.repository.js';
import { CommissionsService } from '../../referrals/commissions.service.js';
import { CommissionDecision } from '../../referrals/holds/commission-decision.entity.js';
import { stepsOf } from '../../referrals/rules/commission-steps.js';
import { moneyBackOf, withoutIds } from '../../referrals/rules/taken-back-step.js';
import { reasonsFor } from './commission-words.js';
import { CustomerLabels } from './customer-labels.repository.js';
import type { OwnCommissionDetail, OwnCommissionsQuery, OwnCommissionView } from './me.dto.js';

const LIST = 'own-commissions';

/** What a partner earned, and why it stands as it does. */
@Injectable()
export class OwnCommissions {
  constructor(
    private readonly db: DataSource,
    private readonly commissions: CommissionsRepository,
    private readonly explanations: CommissionsService,
    private readonly labels: CustomerLabels,
    private readonly clock: Clock,
  ) {}

  /** Newest first. */
  async list(caller: PartnerCaller, query: OwnCommissionsQuery): Promise<Page<OwnCommissionView>> {
    const { limit, cursor, programKey, state } = query;
    const { workspaceId, partnerId } = caller;
    const after = cursor === undefined ? undefined : decodeCursor(LIST, cursor);
    const filter = { partnerId, programKey, state, after, limit: limit + 1 };
    const rows = await this.commissions.find(workspaceId, filter, this.clock.now());
    const page = toPage(LIST, rows, limit, ({ position, id }) => ({ sort: position, id }));
    return { ...page, data: await this.views(caller, page.data) };
  }

  /** Errors: `commission_not_found`, for another partner's too. */
  async get(caller: PartnerCaller, id: string): Promise<OwnCommissionDetail> {
    const { workspaceId, partnerId } = caller;
    const [row] = await this.commissions.find(workspaceId, { id, partnerId, limit: 1 }, this.clock.now());
    if (row === undefined) throw notFound('commission', id, 'id');
    const [view] = (await this.views(caller, [row])) as [OwnCommissionView];
    const { sale, explanation, ledger } = await this.explanations.explain(workspaceId, id);
    const postings = ledger.map(({ kind, amountMinor, occurredAt }) => ({ kind, amountMinor, occurredAt }));
    const steps = stepsOf(commissionView(row), sale, explanation, withoutIds(moneyBackOf(ledger)));
    return { ...view, steps, ledger: postings };
  }

  private async views(caller: PartnerCaller, rows: readonly CommissionRow[]): Promise<OwnCommissionView[]> {
    const decisions = await this.decisionsOf(caller, rows);
    const labelOf = await this.labels.of(
      caller,
      rows.map((row) => row.customer_id),
    );
    return rows.map((row) => {
      const { id, programKey, code, state, amountMinor, reversedMinor, netMinor, currency, ...dates } =
        commissionView(row);
      const { occurredAt, dueAt } = dates;
      const told = { state, currency, reversedMinor, netMinor, dueAt, holds: row.holds };
      return {
        ...{ id, programKey, code, customer: labelOf(row.customer_id), state },
        reasons: reasonsFor({ ...told, decisions: decisions.filter((decision) => isOf(decision, row)) }),
        ...{ amountMinor, reversedMinor, netMinor, currency, occurredAt, dueAt },
      };
    });
  }

  /** Oldest first. */
  private async decisionsOf(
    { workspaceId, partnerId }: PartnerCaller,
    rows: readonly CommissionRow[],
  ): Promise<CommissionDecision[]> {
    const saleIds = [...new Set(rows.map((row) => row.sale_id))];
    return this.db.getRepository(CommissionDecision).find({
      where: { workspaceId, partnerId, saleId: In(saleIds) },
      order: { decidedAt: 'ASC', id: 'ASC' },
    });
  }
}

function isOf({ saleId, programId, rule }: CommissionDecision, row: CommissionRow): boolean {
  return saleId === row.sale_id && programId === row.program_id && rule === row.rule;
}
