import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** A referral program. What it promises is in its versions; here is only what never changes, and its name. */
@Entity({ schema: 'tributary', name: 'referral_program' })
@Index('referral_program_key', ['workspaceId', 'key'], { unique: true })
export class ReferralProgram {
  @PrimaryColumn({ name: 'workspace_id', type: 'text' })
  workspaceId: string;

  @PrimaryColumn({ type: 'text' })
  id: string;

  @Column({ type: 'text' })
  key: string;

  @Column({ type: 'text' })
  name: string;

  /** Commissions are counted in it; null: in each sale's own currency. */
  @Column({ type: 'text', nullable: true })
  currency: string | null;

  @Column({ name: 'landing_url', type: 'text', nullable: true })
  landingUrl: string | null;

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;
}
