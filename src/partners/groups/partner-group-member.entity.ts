import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** The one group that a partner is in from one moment on; before the first of these they are in none. Never changed. */
@Entity({ schema: 'tributary', name: 'partner_group_member' })
@Index('partner_group_member_group', ['workspaceId', 'groupKey', 'partnerId'])
export class PartnerGroupMember {
  @PrimaryColumn({ name: 'workspace_id', type: 'text' })
  workspaceId: string;

  @PrimaryColumn({ name: 'partner_id', type: 'text' })
  partnerId: string;

  /** 1, 2, 3, … */
  @PrimaryColumn({ type: 'integer' })
  seq: number;

  /** Null: in none. */
  @Column({ name: 'group_key', type: 'text', nullable: true })
  groupKey: string | null;

  @Column({ name: 'effective_at', type: 'timestamptz' })
  effectiveAt: Date;

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;
}
