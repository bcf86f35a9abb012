import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** Who refers and earns. */
@Entity({ schema: 'tributary', name: 'partner' })
@Index('partner_external', ['workspaceId', 'externalId'], { unique: true })
@Index('partner_email', { synchronize: false })
export class Partner {
  @PrimaryColumn({ name: 'workspace_id', type: 'text' })
  workspaceId: string;

  @PrimaryColumn({ type: 'text' })
  id: string;

  /** The company's own user id (`referrer_user_id` of the referral documents). */
  @Column({ name: 'external_id', type: 'text' })
  externalId: string;

  @Column({ type: 'text', nullable: true })
  email: string | null;

  @Column({ type: 'text', nullable: true })
  name: string | null;

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;
}
