import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { StripeData } from '../objects/stripe-model.entity.js';

/**
 * Why Stripe is to be asked: which part of an object the payloads alone could not tell. `undecided`: events of one second
 * contradict each other; `contested`: something told of a deleted object; `named`: a thin event names it and shows nothing;
 * `tiers`: a price has tiers, which webhooks do not show; `off_stripe`: what of an invoice was paid out of band, which no event
 * tells either.
 */
export type RefetchReason =
  'undecided' | 'contested' | 'members' | 'discounts' | 'payments' | 'named' | 'moved' | 'tiers' | 'off_stripe';

/** A question to Stripe that waits for its turn. */
@Entity({ schema: 'tributary', name: 'refetch' })
@Index('refetch_available', ['availableAt'])
export class Refetch {
  @PrimaryColumn({ name: 'workspace_id', type: 'text' })
  workspaceId: string;

  @PrimaryColumn({ type: 'text' })
  account: string;

  /** The mirror's table of the object. */
  @PrimaryColumn({ name: 'object_table', type: 'text' })
  objectTable: string;

  @PrimaryColumn({ name: 'object_id', type: 'text' })
  objectId: string;

  @PrimaryColumn({ type: 'text' })
  reason: RefetchReason;

  /** The answer counts only when it is stamped with this second (Unix time, Stripe's clock) or a later one. */
  @Column({ name: 'min_stamp', type: 'bigint' })
  minStamp: string;

  @Column({ name: 'available_at', type: 'timestamptz' })
  availableAt: Date;

  @Column({ type: 'integer', default: 0 })
  attempts: number;

  /** Names the claim; only its holder may complete the row. */
  @Column({ name: 'lease_token', type: 'text', nullable: true })
  leaseToken: string | null;

  @Column({ type: 'text', nullable: true })
  error: string | null;

  /** Fields that the path to the object needs besides its id, where something named them. */
  @Column({ type: 'jsonb', nullable: true })
  known: StripeData | null;

  @Column({ name: 'requested_at', type: 'timestamptz', default: () => 'now()' })
  requestedAt: Date;
}
