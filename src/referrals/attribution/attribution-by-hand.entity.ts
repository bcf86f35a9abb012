import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** A binding that a person decided, from one moment on, with who did so and why; never changed (rule R9). */
@Entity({ schema: 'tributary', name: 'attribution_by_hand' })
@Index('attribution_by_hand_customer', ['workspaceId', 'customerId', 'programId', 'effectiveAt'])
export class AttributionByHand {
  @PrimaryColumn({ name: 'workspace_id', type: 'text' })
  workspaceId: string;

  @PrimaryColumn({ type: 'text' })
  id: string;

  @Column({ name: 'program_id', type: 'text' })
  programId: string;

  @Column({ name: 'customer_id', type: 'text' })
  customerId: string;

  @Column({ name: 'partner_id', type: 'text' })
  partnerId: string;

  @Column({ name: 'code_id', type: 'text' })
  codeId: string;

  /** Business time: sales from this instant on are the partner's, until a later binding. */
  @Column({ name: 'effective_at', type: 'timestamptz' })
  effectiveAt: Date;

  @Column({ type: 'text' })
  reason: string;

  /** The API key that told of it. */
  @Column({ name: 'made_by', type: 'text' })
  madeBy: string;

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;
}
