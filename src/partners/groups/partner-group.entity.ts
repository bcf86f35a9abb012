import { Column, Entity, PrimaryColumn } from 'typeorm';

/** Partners who are spoken of together; programs may have terms of their own for them. */
@Entity({ schema: 'tributary', name: 'partner_group' })
export class PartnerGroup {
  @PrimaryColumn({ name: 'workspace_id', type: 'text' })
  workspaceId: string;

  @PrimaryColumn({ type: 'text' })
  key: string;

  @Column({ type: 'text' })
  name: string;

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;
}
