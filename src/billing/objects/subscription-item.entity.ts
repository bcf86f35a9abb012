import { Column, Entity, Index } from 'typeorm';
import { FromData, StripeModel } from './stripe-model.entity.js';

@Entity({ schema: 'stripe', name: 'subscription_items' })
@Index('subscription_items_created', ['workspaceId', 'created', 'id'])
@Index('subscription_items_parent', ['workspaceId', 'parent'])
export class SubscriptionItem extends StripeModel {
  /** The subscription whose list brought the item. */
  @Column({ type: 'text', nullable: true })
  parent: string | null;

  @FromData(`coalesce(stripe.ref(data->'price'), stripe.ref(data->'plan'))`, 'text')
  price: string | null;

  @FromData(`coalesce(stripe.ref(data#>'{price,product}'), stripe.ref(data#>'{plan,product}'))`, 'text')
  product: string | null;
}
