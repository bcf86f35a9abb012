import { Injectable } from '@nestjs/common';
import { In, type EntityManager } from 'typeorm';
import { Account } from '../billing/objects/account.entity.js';
import { PayoutMethodsService } from '../partners/payout-methods.service.js';
import { ProgramTerms } from '../referrals/program-terms.service.js';
import type { Payee } from './run-plan.js';

/** Objects of the workspace's own Stripe account; connected accounts are among them. */
const OWN_ACCOUNT = '';

/** What other rooms know of those who are to be paid. A handful of queries, however many partners there are. */
@Injectable()
export class Payees {
  constructor(
    private readonly methods: PayoutMethodsService,
    private readonly terms: ProgramTerms,
  ) {}

  /**
   * Where those of the partners that have a payout method are paid now, by partner id. An account that the mirror knows must
   * have the capability `transfers` (rule R12); of one that it does not know Stripe will tell.
   */
  async of(workspaceId: string, partnerIds: readonly string[], tx: EntityManager): Promise<Map<string, Payee>> {
    const methods = await this.methods.ofPartners(workspaceId, partnerIds, tx);
    const accountIds = [...methods.values()].flatMap(({ accountId }) => accountId ?? []);
    const accounts = await tx
      .getRepository(Account)
      .findBy({ workspaceId, account: OWN_ACCOUNT, id: In([...new Set(accountIds)]) });
    const refused = new Set(accounts.filter((account) => !account.canReceiveTransfers).map(({ id }) => id));
    return new Map(
      [...methods].map(([partnerId, { type: method, accountId, details }]) => [
        partnerId,
        {
          method,
          destination: method === 'stripe_connect' ? accountId : details,
          isReady: accountId === null || !refused.has(accountId),
        },
      ]),
    );
  }

  /** The minimum payout of each program as it is now, in minor units, by program id. */
  async minimumsOf(
    workspaceId: string,
    programIds: readonly string[],
    tx: EntityManager,
  ): Promise<Map<string, number>> {
    const terms = await this.terms.latestOf(workspaceId, programIds, tx);
    return new Map([...terms].map(([programId, { minPayoutMinor }]) => [programId, minPayoutMinor]));
  }
}
