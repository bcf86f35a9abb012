import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** What the company itself calls the person behind a Stripe customer. One person may have several, of which one is primary. */
@Entity({ schema: 'tributary', name: 'customer_ref' })
@Index('customer_ref_primary', ['workspaceId', 'account', 'ref'], { unique: true, where: 'is_primary' })
@Index('customer_ref_ref', ['workspaceId', 'account', 'ref'])
export class CustomerRef {
  @PrimaryColumn({ name: 'workspace_id', type: 'text', primaryKeyConstraintName: 'customer_ref_pkey' })
  workspaceId: string;

  /** The connected account that the customer belongs to, '' for the workspace's own. */
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'customer_ref_pkey' })
  account: string;

  @PrimaryColumn({ name: 'customer_id', type: 'text', primaryKeyConstraintName: 'customer_ref_pkey' })
  customerId: string;

  @Column({ type: 'text' })
  ref: string;

  @Column({ name: 'is_primary', type: 'boolean' })
  isPrimary: boolean;

  @Column({ name: 'created_at', type: 'timestamptz', default: () => 'now()' })
  createdAt: Date;
}

/** A customer that is about to be made for a ref: committed before Stripe is asked, gone together with the link's coming. */
@Entity({ schema: 'tributary', name: 'customer_intent' })
export class CustomerIntent {
  @PrimaryColumn({ name: 'workspace_id', type: 'text', primaryKeyConstraintName: 'customer_intent_pkey' })
  workspaceId: string;

  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'customer_intent_pkey' })
  account: string;

  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'customer_intent_pkey' })
  ref: string;

  /** The idempotency key at Stripe follows from it. */
  @Column({ type: 'text' })
  id: string;

  /** Those of the first request; a repetition under the same key must send the same. */
  @Column({ type: 'jsonb' })
  params: Record<string, unknown>;

  @Column({ name: 'created_at', type: 'timestamptz', default: () => 'now()' })
  createdAt: Date;
}
