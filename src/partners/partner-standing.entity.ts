import { Column, Entity, PrimaryColumn } from 'typeorm';

/** Whether a partner takes part from one moment on; before the first of these they do. Never changed. */
@Entity({ schema: 'tributary', name: 'partner_standing' })
export class PartnerStanding {
  @PrimaryColumn({ name: 'workspace_id', type: 'text' })
  workspaceId: string;

  @PrimaryColumn({ name: 'partner_id', type: 'text' })
  partnerId: string;

  /** 1, 2, 3, … */
  @PrimaryColumn({ type: 'integer' })
  seq: number;

  @Column({ type: 'boolean' })
  active: boolean;

  @Column({ name: 'effective_at', type: 'timestamptz' })
  effectiveAt: Date;

  @Column({ type: 'text', nullable: true })
  reason: string | null;

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;
}
