import type Stripe from 'stripe';
import { Story } from '../support/story.js';
import { clientOf, monthlyPrice, payingCustomer } from '../sandbox/support.js';

/** When these stories are told: in the middle of a day, so that no time zone moves them to another. */
export const NOON = new Date('2026-03-10T12:00:00Z');

/** A subscription as HTTP shows it. */
export interface Shown {
  id: string;
  data: Record<string, unknown>;
}

/** What one does with subscriptions by way of the service, beside Stripe's own client. */
export class SubscriptionStory {
  private constructor(
    readonly story: Story,
    readonly stripe: Stripe,
  ) {}

  static async begin(): Promise<SubscriptionStory> {
    const story = await Story.begin();
    story.timeIs(NOON);
    return new SubscriptionStory(story, clientOf(story.sandbox));
  }

  readonly post = <T = Shown>(id: string, path: string, body: unknown = {}): Promise<T> =>
    this.story.call<T>('POST', at(id, path), body);

  readonly refused = (id: string, path: string, body: unknown = {}) =>
    this.story.service.http('POST', at(id, path), body);

  /** A subscription that the mirror does not know yet: the webhooks wait in the inbox. */
  readonly subscribed = async (unitAmount = 3_000): Promise<Stripe.Subscription> => {
    const customer = await payingCustomer(this.stripe);
    const price = await monthlyPrice(this.stripe, unitAmount);
    return this.stripe.subscriptions.create({ customer: customer.id, items: [{ price: price.id }] });
  };
}

/** The address of what a subscription has or can do. */
export const at = (id: string, path: string): string => `/v1/billing/subscriptions/${id}/${path}`;
