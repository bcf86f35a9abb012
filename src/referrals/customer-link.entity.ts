import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** Which person a Stripe customer is; one person may have several. A guest's checkout session stands for its missing customer. */
@Entity({ schema: 'tributary', name: 'customer_link' })
@Index('customer_link_customer', ['workspaceId', 'customerId'])
export class CustomerLink {
  @PrimaryColumn({ name: 'workspace_id', type: 'text' })
  workspaceId: string;

  @PrimaryColumn({ type: 'text' })
  account: string;

  @PrimaryColumn({ name: 'stripe_customer_id', type: 'text' })
  stripeCustomerId: string;

  @Column({ name: 'customer_id', type: 'text' })
  customerId: string;
}
