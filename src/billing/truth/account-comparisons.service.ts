import { Injectable } from '@nestjs/common';
import { ConnectedAccounts, PLATFORM } from '../mirror/connected-accounts.service.js';
import type { StripeObjectType } from '../objects/object-type.js';
import { comparedTypes } from './compared-types.js';
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
  /** How much was compared, from 0 to 1. */
  onReached?: (share: number) => void;
}

/** The types of one account, which are looked at in two ways each. */
interface Part {
  account: string;
  types: StripeObjectType[];
}
const LOOKS_AT_A_TYPE = 2;

/** Compares what somebody asked to have compared: one account, or the workspace's own objects and those of every connected one. */
@Injectable()
export class AccountComparisons {
  constructor(
    private readonly connected: ConnectedAccounts,
    private readonly comparison: Comparison,
  ) {}

  /** Errors are Stripe's, when it cannot be asked at all. */
  async run(order: ComparisonOrder): Promise<ComparisonResult> {
    const parts = (await this.accountsOf(order)).map((account) => ({ account, types: typesAt(account, order) }));
    const looks = parts.reduce((sum, { types }) => sum + LOOKS_AT_A_TYPE * types.length, 0);
    let looked = 0;
    const onLooked = (): void => order.onReached?.(++looked / looks);
    const results: TypeComparison[] = [];
    for (const part of parts) results.push(...(await this.compare(order, part, onLooked)));
    return resultOf(results);
  }

  private async accountsOf({ workspaceId, account }: ComparisonOrder): Promise<string[]> {
    if (account === null) return ['', ...(await this.connected.list(workspaceId))];
    return account === PLATFORM ? [''] : [account];
  }

  private compare(order: ComparisonOrder, part: Part, onLooked: () => void): Promise<TypeComparison[]> {
    const { workspaceId, sample, repair, onProgress } = order;
    return this.comparison.run({
      ...{ ...part, workspaceId, sample, repair, onProgress, onLooked },
      ...{ priority: 'bulk', lanes: LANES, requestsPerHour: null, asksForCovered: order.types !== null },
    });
  }
}

/** Whoever names types and no account means each of them wherever it exists. */
function typesAt(account: string, order: Pick<ComparisonOrder, 'account' | 'types'>): StripeObjectType[] {
  if (order.account !== null) return comparedTypes(order.types, account);
  return comparedTypes(order.types, '').filter(({ platformOnly }) => account === '' || !platformOnly);
}
