import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/**
 * What one person did with one code: clicked, signed up, converted. It begins as a click (`click_…`, the id that goes into
 * Stripe's `client_reference_id`) or as a sign-up without one (`referral_…`).
 */
@Entity({ schema: 'tributary', name: 'referral_tracking' })
@Index('referral_tracking_customer', ['workspaceId', 'customerId'])
@Index('referral_tracking_partner', ['workspaceId', 'partnerId', 'createdAt', 'id'])
@Index('referral_tracking_created', ['workspaceId', 'createdAt', 'id'])
export class ReferralTracking {
  @PrimaryColumn({ name: 'workspace_id', type: 'text' })
  workspaceId: string;

  @PrimaryColumn({ type: 'text' })
  id: string;

  @Column({ name: 'program_id', type: 'text' })
  programId: string;

  @Column({ name: 'partner_id', type: 'text' })
  partnerId: string;

  @Column({ name: 'code_id', type: 'text' })
  codeId: string;

  /** The click that a second person's sign-up came from; the first one's is written into the click's own row. */
  @Column({ name: 'click_id', type: 'text', nullable: true })
  clickId: string | null;

  @Column({ name: 'clicked_at', type: 'timestamptz', nullable: true })
  clickedAt: Date | null;

  /** The page that was asked for, and the one before it, without their queries. */
  @Column({ type: 'text', nullable: true })
  url: string | null;

  @Column({ type: 'text', nullable: true })
  referrer: string | null;

  @Column({ name: 'customer_id', type: 'text', nullable: true })
  customerId: string | null;

  @Column({ name: 'signed_up_at', type: 'timestamptz', nullable: true })
  signedUpAt: Date | null;

  /** The customer's first sale for which this tracking's partner earned. */
  @Column({ name: 'converted_at', type: 'timestamptz', nullable: true })
  convertedAt: Date | null;

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;
}
