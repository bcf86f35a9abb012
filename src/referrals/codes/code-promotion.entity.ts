import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** That a code is to stand at Stripe as a promotion code for a coupon, and how far that has come. */
@Entity({ schema: 'tributary', name: 'code_promotion' })
@Index('code_promotion_due', ['dueAt'], { where: 'due_at IS NOT NULL' })
export class CodePromotion {
  @PrimaryColumn({ name: 'workspace_id', type: 'text' })
  workspaceId: string;

  @PrimaryColumn({ name: 'code_id', type: 'text' })
  codeId: string;

  /** What customers get by it; null: no more promotion code is wanted. */
  @Column({ name: 'stripe_coupon_id', type: 'text', nullable: true })
  stripeCouponId: string | null;

  /** Counts what was asked for; the promotion code of each is made under a key of its own. */
  @Column({ type: 'integer' })
  revision: number;

  /** Real time from which on Stripe is to be told; null: nothing is open. */
  @Column({ name: 'due_at', type: 'timestamptz', nullable: true })
  dueAt: Date | null;

  /** Of this revision. */
  @Column({ type: 'integer' })
  attempts: number;

  /** Why the last attempt failed. */
  @Column({ type: 'text', nullable: true })
  error: string | null;
}

/** A promotion code that was made for a code. Whoever used it came by the code, also after another has replaced it. */
@Entity({ schema: 'tributary', name: 'code_promotion_made' })
@Index('code_promotion_made_code', ['workspaceId', 'codeId'])
export class CodePromotionMade {
  @PrimaryColumn({ name: 'workspace_id', type: 'text' })
  workspaceId: string;

  /** Stripe's id of the promotion code. */
  @PrimaryColumn({ type: 'text' })
  id: string;

  @Column({ name: 'code_id', type: 'text' })
  codeId: string;

  /** What it was made for. */
  @Column({ type: 'integer' })
  revision: number;

  @Column({ name: 'made_at', type: 'timestamptz' })
  madeAt: Date;
}
