import type { EntityManager } from 'typeorm';
import { Column, Entity, PrimaryColumn } from 'typeorm';

/**
 * A partner of whom the company says something else now that tells who they are or where they are paid: what they sold and
 * were not paid for yet is looked at anew, a page at a time. Gone when all of it was.
 */
@Entity({ schema: 'tributary', name: 'partner_change' })
export class PartnerChange {
  @PrimaryColumn({ name: 'workspace_id', type: 'text' })
  workspaceId: string;

  @PrimaryColumn({ name: 'partner_id', type: 'text' })
  partnerId: string;

  /** Real time, the database's. */
  @Column({ name: 'changed_at', type: 'timestamptz', default: () => 'now()' })
  changedAt: Date;

  /** The last commission that was looked at, in the order in which they were made; null before the first. */
  @Column({ name: 'after_at', type: 'timestamptz', nullable: true })
  afterAt: Date | null;

  @Column({ name: 'after_id', type: 'text', nullable: true })
  afterId: string | null;
}

/** To be called with every change. One that comes while an earlier one is worked on begins anew. Safe to repeat. */
export async function notePartnerChange(workspaceId: string, partnerId: string, tx: EntityManager): Promise<void> {
  await tx.query(
    `INSERT INTO tributary.partner_change (workspace_id, partner_id) VALUES ($1, $2)
     ON CONFLICT (workspace_id, partner_id) DO UPDATE SET changed_at = now(), after_at = NULL, after_id = NULL`,
    [workspaceId, partnerId],
  );
}
