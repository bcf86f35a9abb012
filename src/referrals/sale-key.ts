import type { SettleKey } from '../billing/mirror/settle-queue.js';
import { isLeadKind } from './rules/reward-rule.js';
import type { SaleSource } from './sale.entity.js';

/** Names a sale by what was sold, before and whether or not it has a row of its own. */
export interface SaleReference {
  workspaceId: string;
  source: SaleSource;
  account: string;
  sourceId: string;
}

/** The key under which a sale is settled: one from outside Stripe by its own id, a lead by its person. Pure. */
export function saleKey(sale: SaleReference & { id?: string; customerId?: string }): SettleKey {
  const { workspaceId, account, source, sourceId, customerId } = sale;
  if (isLeadKind(source)) return leadKey(workspaceId, customerId ?? '');
  return source === 'external'
    ? { workspaceId, account: '', kind: 'sale', id: sale.id ?? sourceId }
    : { workspaceId, account, kind: source, id: sourceId };
}

/** The key under which all leads of a person are settled. Pure. */
export function leadKey(workspaceId: string, customerId: string): SettleKey {
  return { workspaceId, account: '', kind: 'lead', id: customerId };
}
