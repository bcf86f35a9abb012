import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** A partner's code in a program: a public name, typed at checkout or carried by a link. */
@Entity({ schema: 'tributary', name: 'referral_code' })
@Index('referral_code_key', ['workspaceId', 'codeKey'], { unique: true })
@Index('referral_code_partner', ['workspaceId', 'partnerId'])
@Index('referral_code_promotion_code', ['workspaceId', 'stripePromotionCodeId'])
export class ReferralCode {
  @PrimaryColumn({ name: 'workspace_id', type: 'text' })
  workspaceId: string;

  @PrimaryColumn({ type: 'text' })
  id: string;

  /** As its owner writes it. */
  @Column({ type: 'text' })
  code: string;

  /** Upper case: codes are compared without regard to case. */
  @Column({ name: 'code_key', type: 'text' })
  codeKey: string;

  @Column({ name: 'program_id', type: 'text' })
  programId: string;

  @Column({ name: 'partner_id', type: 'text' })
  partnerId: string;

  /** How many customers it may bring; null: no limit. */
  @Column({ name: 'max_uses', type: 'integer', nullable: true })
  maxUses: number | null;

  /** How many it has brought, counted in the order in which they were accepted. */
  @Column({ type: 'integer', default: 0 })
  uses: number;

  /** From this instant on it brings nobody new; who came before stays. */
  @Column({ name: 'expires_at', type: 'timestamptz', nullable: true })
  expiresAt: Date | null;

  /** False while it is suspended: it brings nobody new; who came before stays. */
  @Column({ type: 'boolean', default: true })
  active: boolean;

  /** Why it was last suspended or reactivated, in the words of whoever did it. */
  @Column({ name: 'status_reason', type: 'text', nullable: true })
  statusReason: string | null;

  @Column({ name: 'status_changed_at', type: 'timestamptz', nullable: true })
  statusChangedAt: Date | null;

  /** The Stripe promotion code that stands for it; without one, a promotion code of the same text does. */
  @Column({ name: 'stripe_promotion_code_id', type: 'text', nullable: true })
  stripePromotionCodeId: string | null;

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;
}
