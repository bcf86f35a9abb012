import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A process that lately sent requests to Stripe; their number is the divisor where a limit cannot be shared exactly. */
@Entity({ name: 'stripe_replica' })
export class StripeReplica {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'stripe_replica_pkey' })
  scope: string;

  @PrimaryColumn('text', { primaryKeyConstraintName: 'stripe_replica_pkey' })
  replica: string;

  @Column('timestamptz', { name: 'seen_at' })
  seenAt: Date;
}
