import type { SettleKey } from '../billing/mirror/settle-queue.js';
import type { SaleSource } from './sale.entity.js';

/** Names a sale by what was sold, before and whether or not it has a row of its own. */
export interface SaleReference {
  workspaceId: string;
  source: SaleSource;
  account: string;
  sourceId: string;
}

/** The key under which a sale is settled; one from outside Stripe by its own id. Pure. */
export function saleKey(sale: SaleReference & { id?: string }): SettleKey {
  const { workspaceId, account, source, sourceId } = sale;
  return source === 'external'
    ? { workspaceId, account: '', kind: 'sale', id: sale.id ?? sourceId }
    : { workspaceId, account, kind: source, id: sourceId };
}
