import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** Why Stripe is to be asked: which part of an object the payloads alone could not tell. */
export type RefetchReason = 'undecided' | 'members' | 'discounts' | 'payments';

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
}
