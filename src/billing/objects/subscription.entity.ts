import { Entity, Index } from 'typeorm';
import { REF_METADATA_KEY } from './customer.entity.js';
import { FromData, StripeModel } from './stripe-model.entity.js';
import { validityOf, type SubscriptionValidity } from './subscription-validity.js';

@Entity({ schema: 'stripe', name: 'subscriptions' })
@Index('subscriptions_created', ['workspaceId', 'created', 'id'])
@Index('subscriptions_customer', ['workspaceId', 'customer'])
@Index('subscriptions_ref', ['workspaceId', 'ref'], { where: 'ref IS NOT NULL' })
export class Subscription extends StripeModel {
  @FromData(`stripe.ref(data->'customer')`, 'text')
  customer: string | null;

  /** What the company itself calls the person who subscribed, where it wrote that down. */
  @FromData(`data#>>'{metadata,${REF_METADATA_KEY}}'`, 'text')
  ref: string | null;

  @FromData(`data->>'status'`, 'text')
  status: string | null;

  @FromData(`data->>'currency'`, 'text')
  currency: string | null;

  /** Whether collecting is paused while the status goes on. */
  @FromData(`coalesce(jsonb_typeof(data->'pause_collection') = 'object', false)`, 'boolean')
  paused: boolean | null;

  /** Whether it has discounts of its own; the customer's and the items' are not among them. */
  @FromData(`stripe.has_discounts(data)`, 'boolean')
  discounted: boolean | null;

  @FromData(`stripe.epoch(data->'ended_at')`, 'timestamptz')
  endedAt: Date | null;

  /** The earliest start over its items; versions before 2025-03-31 carried it on the subscription itself. */
  @FromData(`stripe.subscription_period_start(data)`, 'timestamptz')
  currentPeriodStart: Date | null;

  /** The latest end over its items; versions before 2025-03-31 carried it on the subscription itself. */
  @FromData(`stripe.subscription_period_end(data)`, 'timestamptz')
  currentPeriodEnd: Date | null;

  /** Whether what the customer pays for is to be delivered at `now`; the graces are those of `validityOf`. */
  validityAt(now: Date, graceSeconds = 0, pastDueGraceSeconds = 0): SubscriptionValidity {
    return validityOf(this, { now, graceSeconds, pastDueGraceSeconds });
  }
}
