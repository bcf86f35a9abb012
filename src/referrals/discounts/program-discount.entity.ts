import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { DiscountTerms } from './discount-terms.js';

/** What the new customers of a program get, from one moment on; the last version holds for codes that are made now. */
@Entity({ schema: 'tributary', name: 'program_discount' })
@Check('program_discount_terms', `terms IS NULL OR stripe_coupon_id IS NOT NULL`)
@Check('program_discount_made', `made_at IS NULL OR terms IS NOT NULL`)
@Index('program_discount_coupon', ['workspaceId', 'stripeCouponId'])
export class ProgramDiscount {
  @PrimaryColumn({ name: 'workspace_id', type: 'text' })
  workspaceId: string;

  @PrimaryColumn({ name: 'program_id', type: 'text' })
  programId: string;

  /** 1, 2, 3, … */
  @PrimaryColumn({ type: 'integer' })
  version: number;

  @Column({ name: 'set_at', type: 'timestamptz' })
  setAt: Date;

  /** Null: nothing from then on. */
  @Column({ name: 'stripe_coupon_id', type: 'text', nullable: true })
  stripeCouponId: string | null;

  /** Of a coupon that is made here; null for one that the company has made. */
  @Column({ type: 'jsonb', nullable: true })
  terms: DiscountTerms | null;

  /** When Stripe had made it. */
  @Column({ name: 'made_at', type: 'timestamptz', nullable: true })
  madeAt: Date | null;
}
