import { Column, Entity, PrimaryColumn } from 'typeorm';

/** One of Stripe's limits as all replicas see it: for all requests (endpoint '') or for one endpoint. */
@Entity({ name: 'stripe_limit' })
export class StripeLimit {
  /** The workspace whose key it is; a workspace is either live or test. */
  @PrimaryColumn('text', { primaryKeyConstraintName: 'stripe_limit_pkey' })
  scope: string;

  @PrimaryColumn('text', { primaryKeyConstraintName: 'stripe_limit_pkey' })
  endpoint: string;

  /** The first slot that nobody has taken. */
  @Column('timestamptz', { name: 'next_at' })
  nextAt: Date;

  /** From then on a slot is due to requests of this priority, whoever else waits. */
  @Column('timestamptz', { name: 'interactive_due_at', nullable: true })
  interactiveDueAt: Date | null;

  @Column('timestamptz', { name: 'bulk_due_at', nullable: true })
  bulkDueAt: Date | null;

  /** What the rate (requests a second) was cut to after a refusal; it recovers from there. */
  @Column('double precision', { name: 'rate_cut_to', nullable: true })
  rateCutTo: number | null;

  @Column('timestamptz', { name: 'rate_cut_at', nullable: true })
  rateCutAt: Date | null;

  /** The same for the number of requests that are under way at once. */
  @Column('double precision', { name: 'flights_cut_to', nullable: true })
  flightsCutTo: number | null;

  @Column('timestamptz', { name: 'flights_cut_at', nullable: true })
  flightsCutAt: Date | null;
}
