import { Entity, Index } from 'typeorm';
import { FromData, StripeModel } from './stripe-model.entity.js';

/** Why a subscription counts as valid or not, in one word for machines. */
export type SubscriptionValidity =
  | { valid: true; reason: 'active' | 'trialing' }
  | { valid: false; reason: 'canceled' | 'past_due' | 'unpaid' | 'incomplete' | 'paused' | 'period_over' | 'deleted' };

const PERIOD_END = `coalesce(stripe.epoch(data->'current_period_end'), stripe.items_period_end(data))`;

@Entity({ schema: 'stripe', name: 'subscriptions' })
@Index('subscriptions_created', ['workspaceId', 'created', 'id'])
@Index('subscriptions_customer', ['workspaceId', 'customer'])
export class Subscription extends StripeModel {
  @FromData(`stripe.ref(data->'customer')`, 'text')
  customer: string | null;

  @FromData(`data->>'status'`, 'text')
  status: string | null;

  /** The latest end over its items; versions before 2025-03-31 carried it on the subscription itself. */
  @FromData(PERIOD_END, 'timestamptz')
  currentPeriodEnd: Date | null;

  /**
   * Whether what the customer pays for is to be delivered at `now`. A period that ended a while ago without news means
   * that the mirror, or the customer, is behind; `graceSeconds` bridges the hour in which Stripe drafts the renewal.
   */
  validityAt(now: Date, graceSeconds = 0): SubscriptionValidity {
    if (this.deletedAt !== null) return { valid: false, reason: 'deleted' };
    if (this.data.pause_collection !== null && this.data.pause_collection !== undefined) {
      return { valid: false, reason: 'paused' };
    }
    switch (this.status) {
      case 'active':
      case 'trialing': {
        const over =
          this.currentPeriodEnd !== null && this.currentPeriodEnd.getTime() + graceSeconds * 1000 < now.getTime();
        return over ? { valid: false, reason: 'period_over' } : { valid: true, reason: this.status };
      }
      case 'past_due':
      case 'unpaid':
      case 'paused':
        return { valid: false, reason: this.status };
      case 'incomplete':
      case 'incomplete_expired':
        return { valid: false, reason: 'incomplete' };
      default:
        return { valid: false, reason: 'canceled' };
    }
  }
}
