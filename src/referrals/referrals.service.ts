import { Injectable } from '@nestjs/common';
import { DataSource, In } from 'typeorm';
import { decodeCursor, toPage } from '../common/pagination.js';
import type { Page } from '../common/pagination.js';
import type { ListReferralsQuery, ReferralState, ReferralView } from './dto/referral.dto.js';
import { ReferralCode } from './referral-code.entity.js';
import { ReferralProgram } from './referral-program.entity.js';
import { ReferralTracking } from './referral-tracking.entity.js';
import { referralView } from './referral-views.js';
import { ReferredCustomer } from './referred-customer.entity.js';

const LIST = 'referrals';

const STATE_CONDITIONS: Record<ReferralState, string> = {
  converted: 't.converted_at IS NOT NULL',
  signed_up: 't.converted_at IS NULL AND t.signed_up_at IS NOT NULL',
  clicked: 't.converted_at IS NULL AND t.signed_up_at IS NULL',
};

@Injectable()
export class ReferralsService {
  constructor(private readonly db: DataSource) {}

  /** Newest first: clicks, sign-ups and conversions. */
  async list(workspaceId: string, query: ListReferralsQuery): Promise<Page<ReferralView>> {
    const select = this.db
      .getRepository(ReferralTracking)
      .createQueryBuilder('t')
      .innerJoin(ReferralProgram, 'p', 'p.workspace_id = t.workspace_id AND p.id = t.program_id')
      .innerJoin(ReferralCode, 'c', 'c.workspace_id = t.workspace_id AND c.id = t.code_id')
      .addSelect(['p.key AS program_key', 'c.code AS code'])
      .where('t.workspace_id = :workspaceId', { workspaceId })
      .orderBy('t.created_at', 'DESC')
      .addOrderBy('t.id', 'DESC')
      .limit(query.limit + 1);
    if (query.partnerId !== undefined) select.andWhere('t.partner_id = :partnerId', { partnerId: query.partnerId });
    if (query.programKey !== undefined) select.andWhere('p.key = :programKey', { programKey: query.programKey });
    if (query.state !== undefined) select.andWhere(STATE_CONDITIONS[query.state]);
    if (query.cursor !== undefined) {
      const { sort, id } = decodeCursor(LIST, query.cursor);
      select.andWhere('(t.created_at, t.id) < (:sort::timestamptz, :id)', { sort, id });
    }
    const { entities, raw } = await select.getRawAndEntities<{ program_key: string; code: string }>();
    const rows = entities.map((tracking, at) => ({ tracking, names: raw[at] }));
    const page = toPage(LIST, rows, query.limit, ({ tracking }) => ({
      sort: tracking.createdAt.toISOString(),
      id: tracking.id,
    }));
    const customers = await this.customersOf(
      workspaceId,
      page.data.map(({ tracking }) => tracking),
    );
    const data = page.data.map(({ tracking, names }) =>
      referralView({
        tracking,
        programKey: names?.program_key ?? '',
        code: names?.code ?? '',
        customer: customers.get(tracking.customerId ?? '') ?? null,
      }),
    );
    return { ...page, data };
  }

  private async customersOf(
    workspaceId: string,
    trackings: readonly ReferralTracking[],
  ): Promise<Map<string, ReferredCustomer>> {
    const ids = trackings.flatMap(({ customerId }) => customerId ?? []);
    const customers = await this.db.getRepository(ReferredCustomer).findBy({ workspaceId, id: In(ids) });
    return new Map(customers.map((customer) => [customer.id, customer]));
  }
}
