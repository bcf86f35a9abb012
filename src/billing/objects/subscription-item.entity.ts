import { Column, Entity, Index } from 'typeorm';
import { OWN_INTERVAL, OWN_INTERVAL_COUNT, OWN_USAGE_TYPE } from './price-terms.js';
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

  @FromData(OWN_INTERVAL, 'text')
  interval: string | null;

  @FromData(OWN_INTERVAL_COUNT, 'bigint')
  intervalCount: number | null;

  @FromData(OWN_USAGE_TYPE, 'text')
  usageType: string | null;

  /** What one unit costs, in minor units with fractions; null where the quantity decides it, by tiers or packages. */
  @FromData(`stripe.unit_amount(coalesce(stripe.object(data->'price'), data->'plan'))`, 'numeric')
  unitAmount: string | null;
}
