import type { EntityManager } from 'typeorm';

/**
 * Touches everyone of whom anything is dated at `from` or later, or was told of since: what holds from then on may change
 * who is bound to whom and what their sales earn. Needs the lock of `lockFactsToWrite`.
 */
export async function touchConcerned(workspaceId: string, from: Date, tx: EntityManager): Promise<void> {
  await tx.query(TOUCH, [workspaceId, from]);
}

const TOUCH = `
  INSERT INTO tributary.settle_queue (workspace_id, account, kind, key)
  SELECT $1, '', 'referred_customer', id FROM (
    SELECT id FROM tributary.referred_customer WHERE workspace_id = $1 AND created_at >= $2
    UNION SELECT customer_id FROM tributary.sale WHERE workspace_id = $1 AND occurred_at >= $2
    UNION SELECT customer_id FROM tributary.attribution WHERE workspace_id = $1 AND bound_at >= $2
    UNION SELECT customer_id FROM tributary.referral_tracking
           WHERE workspace_id = $1 AND customer_id IS NOT NULL AND signed_up_at >= $2
    UNION SELECT l.customer_id FROM tributary.customer_link l
            JOIN stripe.invoices i ON i.workspace_id = $1 AND i.account = '' AND i.customer = l.stripe_customer_id AND i.paid_at >= $2
           WHERE l.workspace_id = $1 AND l.account = ''
    UNION SELECT l.customer_id FROM tributary.customer_link l
            JOIN stripe.subscriptions t ON t.workspace_id = $1 AND t.account = '' AND t.customer = l.stripe_customer_id
             AND stripe.epoch(t.data->'trial_start') >= $2
           WHERE l.workspace_id = $1 AND l.account = ''
    UNION SELECT l.customer_id FROM tributary.customer_link l
            JOIN stripe.checkout_sessions s ON s.workspace_id = $1 AND s.account = '' AND s.created >= $2
             AND (s.customer = l.stripe_customer_id OR s.id = l.stripe_customer_id)
           WHERE l.workspace_id = $1 AND l.account = '') AS concerned`;
