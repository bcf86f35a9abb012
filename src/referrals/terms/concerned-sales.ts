import type { EntityManager } from 'typeorm';

export interface ConcernedPartners {
  workspaceId: string;
  partnerIds: readonly string[];
  /** Null: all of them. */
  programId: string | null;
  from: Date;
}

/**
 * Touches everyone who is bound to one of the partners and has bought at `from` or later: terms decide what their sales earn,
 * not who is bound. Sales that are not settled yet need no touch. Needs the lock of `lockFactsToWrite`.
 */
export async function touchSalesOf(
  { workspaceId, partnerIds, programId, from }: ConcernedPartners,
  tx: EntityManager,
): Promise<void> {
  await tx.query(TOUCH, [workspaceId, partnerIds, programId, from]);
}

const TOUCH = `
  INSERT INTO tributary.settle_queue (workspace_id, account, kind, key)
  SELECT $1, '', 'referred_customer', bound.customer_id
    FROM (SELECT customer_id FROM tributary.attribution
           WHERE workspace_id = $1 AND partner_id = ANY($2) AND ($3::text IS NULL OR program_id = $3)
          UNION SELECT customer_id FROM tributary.attribution_by_hand
           WHERE workspace_id = $1 AND partner_id = ANY($2) AND ($3::text IS NULL OR program_id = $3)) AS bound
   WHERE EXISTS (SELECT 1 FROM tributary.sale s
                  WHERE s.workspace_id = $1 AND s.customer_id = bound.customer_id AND s.occurred_at >= $4)`;
