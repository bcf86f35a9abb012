import { Column, Entity, PrimaryColumn } from 'typeorm';

/** One company's Stripe account in one mode. Every own row and every query carries its id. */
@Entity({ schema: 'tributary', name: 'workspace' })
export class Workspace {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'workspace_pkey' })
  id: string;

  @Column('text')
  name: string;

  @Column('boolean')
  livemode: boolean;

  /** Known once Stripe has told it; null until then. */
  @Column('text', { name: 'stripe_account_id', nullable: true })
  stripeAccountId: string | null;

  @Column('timestamptz', { name: 'created_at', default: () => 'now()' })
  createdAt: Date;
}
