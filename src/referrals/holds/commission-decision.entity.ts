import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { HoldReason } from './hold-reasons.js';

/**
 * What a person decided of a held commission. It belongs to what was judged (sale, program, partner and rule) rather than to
 * the row of the commission, so that one that is made anew is judged already. Only added to; the last one counts.
 */
@Entity({ schema: 'tributary', name: 'commission_decision' })
@Check('commission_decision_kind', `decision IN ('released', 'rejected')`)
@Index('commission_decision_sale', ['workspaceId', 'saleId', 'decidedAt', 'id'])
export class CommissionDecision {
  @PrimaryColumn({ name: 'workspace_id', type: 'text' })
  workspaceId: string;

  @PrimaryColumn({ type: 'text' })
  id: string;

  @Column({ name: 'commission_id', type: 'text' })
  commissionId: string;

  @Column({ name: 'sale_id', type: 'text' })
  saleId: string;

  @Column({ name: 'program_id', type: 'text' })
  programId: string;

  @Column({ name: 'partner_id', type: 'text' })
  partnerId: string;

  /** Of the program. */
  @Column({ type: 'text' })
  rule: string;

  @Column({ type: 'text' })
  decision: 'released' | 'rejected';

  /** In the reviewer's words; the partner may read it. */
  @Column({ type: 'text' })
  reason: string;

  /** What held the commission when it was decided; a release ends these and no others. */
  @Column({ type: 'jsonb' })
  reasons: HoldReason[];

  /** The API key. */
  @Column({ name: 'decided_by', type: 'text' })
  decidedBy: string;

  @Column({ name: 'decided_at', type: 'timestamptz' })
  decidedAt: Date;
}
