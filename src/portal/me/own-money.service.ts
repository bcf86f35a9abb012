import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { PartnerCaller } from '../../access/current-caller.js';
import type { PageQuery } from '../../common/page-query.dto.js';
import type { Page } from '../../common/pagination.js';
import type { BalanceView } from '../../partners/dto/partner.dto.js';
import { PartnersService } from '../../partners/partners.service.js';
import { PayoutsReader } from '../../payouts/payouts-reader.service.js';
import type { PayoutRequestView } from '../../payouts/requests/payout-request.dto.js';
import { PayoutRequests } from '../../payouts/requests/payout-requests.service.js';
import type { MonthlyStatementView, OwnPayoutView } from './me.dto.js';

/** What a partner is owed, has got, and asks for. */
@Injectable()
export class OwnMoney {
  constructor(
    private readonly partners: PartnersService,
    private readonly payoutsOf: PayoutsReader,
    private readonly requestsOf: PayoutRequests,
  ) {}

  balance({ workspaceId, partnerId }: PartnerCaller): Promise<BalanceView> {
    return this.partners.balance(workspaceId, partnerId);
  }

  /** Of a calendar month in UTC; one that is over never changes, since it goes by the time of posting. */
  async statement({ workspaceId, partnerId }: PartnerCaller, month: string): Promise<MonthlyStatementView> {
    const from = new Date(`${month}-01T00:00:00Z`);
    const to = new Date(Date.UTC(from.getUTCFullYear(), from.getUTCMonth() + 1, 1));
    return { month, ...(await this.partners.statement(workspaceId, partnerId, { from, to })) };
  }

  /** From their approval on, newest first. */
  async payouts({ workspaceId, partnerId }: PartnerCaller, query: PageQuery): Promise<Page<OwnPayoutView>> {
    const page = await this.payoutsOf.listApproved(workspaceId, partnerId, query);
    const data = page.data.map(({ id, state, method, amountMinor, currency, reference, ...rest }) => {
      const { reversedMinor, approvedAt, sentAt } = rest;
      return { id, state, method, amountMinor, currency, reference, reversedMinor, approvedAt, sentAt };
    });
    return { ...page, data };
  }

  requestPayout(partner: PartnerCaller, currency: string, tx: EntityManager): Promise<PayoutRequestView> {
    return this.requestsOf.open(partner, currency, tx);
  }

  payoutRequests({ workspaceId, partnerId }: PartnerCaller, query: PageQuery): Promise<Page<PayoutRequestView>> {
    return this.requestsOf.list(workspaceId, { ...query, partnerId });
  }
}
