import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { Utm, Visitor } from './clicks/click-rules.js';

/**
 * What one person did with one code: clicked, signed up, converted. It begins as a click (`click_…`, the id that goes into
 * Stripe's `client_reference_id`) or as a sign-up without one (`referral_…`).
 */
@Entity({ schema: 'tributary', name: 'referral_tracking' })
@Index('referral_tracking_address', { synchronize: false })
@Index('referral_tracking_clicked', { synchronize: false })
@Index('referral_tracking_partner_clicked', { synchronize: false })
@Index('referral_tracking_signed_up', { synchronize: false })
@Index('referral_tracking_partner_signed_up', { synchronize: false })
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

  /** Who clicked, as far as the request told; null without a click. */
  @Column({ type: 'text', nullable: true })
  visitor: Visitor | null;

  /** Whether the visitor agreed to be recognised; null when nobody asked. After a no there are no hashes. */
  @Column({ type: 'boolean', nullable: true })
  consent: boolean | null;

  /** Of the address and the user agent, with the day's salt: equal on the same day only, and never to be undone. */
  @Column({ name: 'ip_hash', type: 'text', nullable: true })
  ipHash: string | null;

  @Column({ name: 'agent_hash', type: 'text', nullable: true })
  agentHash: string | null;

  /** The campaign that the link named; null when it named none. */
  @Column({ type: 'jsonb', nullable: true })
  utm: Utm | null;

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
