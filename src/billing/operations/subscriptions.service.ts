import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Clock } from '../../common/clock.js';
import { BillingReader } from '../billing-reader.service.js';
import { at, embeddedObjects, isObject, isoOf, linePrice, refId, secondsOf } from '../objects/shapes.js';
import type { StripeData } from '../objects/stripe-model.entity.js';
import { pauseBehaviorAt, RENEWAL_GRACE_SECONDS } from '../objects/subscription-validity.js';
import { Subscription } from '../objects/subscription.entity.js';
import { HeldObjects } from './held-objects.service.js';
import type {
  OfAccount,
  PendingUpdateView,
  SubscriptionItemsView,
  SubscriptionMembersQuery,
  SubscriptionValidityQuery,
  SubscriptionValidityView,
} from './subscriptions.dto.js';

/** What the mirror says of a subscription; Stripe is not asked. */
@Injectable()
export class SubscriptionsService {
  constructor(
    private readonly db: DataSource,
    private readonly reader: BillingReader,
    private readonly held: HeldObjects,
    private readonly clock: Clock,
  ) {}

  async validity(workspaceId: string, id: string, query: SubscriptionValidityQuery): Promise<SubscriptionValidityView> {
    const row = await this.held.get(Subscription, 'subscriptions', { workspaceId, id, account: query.account });
    const now = this.clock.now();
    const { graceSeconds = RENEWAL_GRACE_SECONDS, pastDueGraceSeconds = 0 } = query;
    const { data } = row;
    const pauseBehavior = pauseBehaviorAt(data, now.getTime() / 1_000);
    return {
      id: row.id,
      customer: row.customer,
      ...row.validityAt(now, graceSeconds, pastDueGraceSeconds),
      status: row.status,
      currentPeriodStart: row.currentPeriodStart?.toISOString() ?? null,
      currentPeriodEnd: row.currentPeriodEnd?.toISOString() ?? null,
      trialEnd: isoOf(secondsOf(data.trial_end)),
      cancelAt: isoOf(secondsOf(data.cancel_at)),
      cancelAtPeriodEnd: data.cancel_at_period_end === true,
      pauseBehavior,
      resumesAt: pauseBehavior === null ? null : isoOf(secondsOf(at(data, 'pause_collection', 'resumes_at'))),
    };
  }

  /** Its items as rows of their own, those too that the subscription's own list cuts off. */
  async items(workspaceId: string, id: string, query: SubscriptionMembersQuery): Promise<SubscriptionItemsView> {
    const row = await this.held.get(Subscription, 'subscriptions', { workspaceId, id, account: query.account });
    const { account } = row;
    const filters = { parent: row.id };
    const page = await this.reader.list(workspaceId, 'subscription_items', { ...query, account, filters });
    return { ...page, complete: await isComplete(this.db, row, 'subscriptions') };
  }

  async pendingUpdate(workspaceId: string, id: string, { account }: OfAccount): Promise<PendingUpdateView> {
    return pendingUpdateOf((await this.held.get(Subscription, 'subscriptions', { workspaceId, id, account })).data);
  }
}

/** Whether every member of the object's list is a row: what the object cuts off is asked for once, and then done. */
export async function isComplete(
  db: DataSource,
  { workspaceId, account, id }: { workspaceId: string; account: string; id: string },
  table: string,
): Promise<boolean> {
  const open = (await db.query(
    `SELECT 1 FROM tributary.refetch
      WHERE workspace_id = $1 AND account = $2 AND object_table = $3 AND object_id = $4 AND reason = 'members'`,
    [workspaceId, account, table, id],
  )) as unknown[];
  return open.length === 0;
}

/** The change that waits for a payment; Stripe drops it at `expiresAt`. Pure. */
export function pendingUpdateOf(subscription: StripeData): PendingUpdateView {
  const pending = isObject(subscription.pending_update) ? subscription.pending_update : null;
  const items = embeddedObjects(pending?.subscription_items);
  return {
    pending: pending !== null,
    expiresAt: isoOf(secondsOf(pending?.expires_at)),
    invoice: pending === null ? null : refId(subscription.latest_invoice),
    items: items.map((item) => ({
      id: refId(item.id),
      price: linePrice(item),
      quantity: typeof item.quantity === 'number' ? item.quantity : null,
    })),
    billingCycleAnchor: isoOf(secondsOf(pending?.billing_cycle_anchor)),
    trialEnd: isoOf(secondsOf(pending?.trial_end)),
  };
}
