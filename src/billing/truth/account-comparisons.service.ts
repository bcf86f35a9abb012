import { Injectable } from '@nestjs/common';
import { ConnectedAccounts } from '../mirror/connected-accounts.service.js';
import type { StripeObjectType } from '../objects/object-type.js';
import { comparedTypes, OWN_ACCOUNT } from './compared-types.js';
import { resultOf, type ComparisonResult, type TypeComparison } from './comparison-result.js';
import type { ComparisonScope } from './comparison-scope.js';
import { Comparison } from './comparison.service.js';

/** Types at once, within what the limiter allows. */
const LANES = 6;

export interface ComparisonOrder extends Pick<ComparisonScope, 'workspaceId' | 'sample' | 'repair' | 'onProgress'> {
  /** A connected account's id, or `platform`; null for all. */
  account: string | null;
  /** Tables; null for all. */
  types: readonly string[] | null;
}

/** Compares what somebody asked to have compared: one account, or the workspace's own objects and those of every connected one. */
@Injectable()
export class AccountComparisons {
  constructor(
    private readonly connected: ConnectedAccounts,
    private readonly comparison: Comparison,
  ) {}

  /** Errors are Stripe's, when it cannot be asked at all. */
  async run(order: ComparisonOrder): Promise<ComparisonResult> {
    const results: TypeComparison[] = [];
    for (const account of await this.accountsOf(order)) results.push(...(await this.compare(order, account)));
    return resultOf(results);
  }

  private async accountsOf({ workspaceId, account }: ComparisonOrder): Promise<string[]> {
    if (account === null) return ['', ...(await this.connected.of(workspaceId))];
    return account === OWN_ACCOUNT ? [''] : [account];
  }

  private compare({ workspaceId, sample, repair, onProgress, ...order }: ComparisonOrder, account: string) {
    return this.comparison.run({
      ...{ workspaceId, account, types: typesAt(account, order), sample, repair, onProgress },
      ...{ priority: 'bulk', lanes: LANES, requestsPerHour: null, asksForCovered: order.types !== null },
    });
  }
}

/** Whoever names types and no account means each of them wherever it exists. */
function typesAt(account: string, order: Pick<ComparisonOrder, 'account' | 'types'>): StripeObjectType[] {
  if (order.account !== null) return comparedTypes(order.types, account);
  return comparedTypes(order.types, '').filter(({ platformOnly }) => account === '' || !platformOnly);
}
