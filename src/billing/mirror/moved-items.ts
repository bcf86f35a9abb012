import type { EntityManager } from 'typeorm';
import { embeddedObjects, isObject, refId } from '../objects/shapes.js';
import type { Snapshot } from './snapshot.js';

/**
 * Stripe moves a pending invoice item onto an invoice, and back when that draft is thrown away, without an event of the
 * item's own. Whether an invoice or an item that was written just now can be one side of that.
 */
export function mayContradictItems(snapshot: Snapshot): boolean {
  if (snapshot.type.object === 'invoiceitem') return !snapshot.deleted;
  return snapshot.type.object === 'invoice' && (snapshot.deleted || billsItems(snapshot));
}

function billsItems({ data }: Snapshot): boolean {
  return embeddedObjects(data.lines).some((line) => {
    const parent = isObject(line.parent) ? line.parent : {};
    const details = [parent.invoice_item_details, parent.subscription_item_details, line].filter(isObject);
    return details.some(({ invoice_item: item }) => refId(item) !== null);
  });
}

/** Ids of the items about which the rows of this invoice, or this item, contradict each other. Sorted. */
export async function contradictedItems(
  { workspaceId, account, type, id }: Pick<Snapshot, 'workspaceId' | 'account' | 'type' | 'id'>,
  db: EntityManager,
): Promise<string[]> {
  const sql = type.object === 'invoice' ? CONTRADICTED_BY_INVOICE : CONTRADICTED_ITEM;
  const rows = (await db.query(sql, [workspaceId, account, id])) as Array<{ id: string }>;
  return rows.map((row) => row.id);
}

const OF_THE_SAME = 'USING (workspace_id, account)';

/** Items that the invoice bills and that name another, or that name it though it was thrown away. */
const CONTRADICTED_BY_INVOICE = `
  SELECT item.id
    FROM stripe.invoice_line_items line
    JOIN stripe.invoice_items item ${OF_THE_SAME}
   WHERE workspace_id = $1 AND account = $2 AND line.parent = $3 AND line.deleted_at IS NULL
     AND line.invoice_item = item.id AND item.deleted_at IS NULL AND item.invoice IS DISTINCT FROM line.parent
  UNION
  SELECT item.id
    FROM stripe.invoices gone
    JOIN stripe.invoice_items item ${OF_THE_SAME}
   WHERE workspace_id = $1 AND account = $2 AND gone.id = $3 AND gone.deleted_at IS NOT NULL
     AND item.invoice = gone.id AND item.deleted_at IS NULL
   ORDER BY id`;

/** The item, when a line bills it for another invoice than it names, or the invoice that it names was thrown away. */
const CONTRADICTED_ITEM = `
  SELECT item.id
    FROM stripe.invoice_items item
   WHERE workspace_id = $1 AND account = $2 AND item.id = $3 AND item.deleted_at IS NULL
     AND (EXISTS (SELECT FROM stripe.invoice_line_items line
                   WHERE line.workspace_id = $1 AND line.account = $2 AND line.invoice_item = $3
                     AND line.deleted_at IS NULL AND line.parent IS DISTINCT FROM item.invoice)
       OR EXISTS (SELECT FROM stripe.invoices gone
                   WHERE gone.workspace_id = $1 AND gone.account = $2 AND gone.id = item.invoice
                     AND gone.deleted_at IS NOT NULL))`;
