import { invalidRequest, StripeFailure } from '../core/errors.js';
import { stripeId } from '../core/ids.js';
import type { Scope } from '../core/scope.js';
import { without } from '../core/without.js';
import { mergeMetadata } from '../http/params.js';
import { intervalsAfter, type Interval } from '../money/periods.js';
import { awaitPayment } from './pending-updates.js';
import { prorate } from './prorations.js';
import { bill } from './subscription-billing.js';
import {
  buildItem,
  itemList,
  itemsOf,
  planOf,
  quantityOf,
  requireRecurring,
  type ItemRequest,
  type Subscription,
  type SubscriptionItem,
} from './subscription-items.js';

export interface ItemChange extends ItemRequest {
  id?: string;
  deleted?: boolean;
}
export interface ItemsUpdate {
  changes: readonly ItemChange[];
  prorationBehavior: 'create_prorations' | 'always_invoice' | 'none';
  prorationDate?: number;
  mustSucceed?: boolean;
  collects?: boolean;
  /** Changes of the subscription itself that go into the same event. */
  patch?: Partial<Subscription>;
  /** A new period begins now, whatever the interval. */
  restartsNow?: boolean;
  /** Instead of billing what is due now. */
  bill?: typeof bill;
  /** When the payment fails, the change waits for it instead of being made. */
  waitsForPayment?: boolean;
}

/** Everything that a change of the items comes to, before any of it is stored. */
interface Outcome {
  before: SubscriptionItem[];
  after: SubscriptionItem[];
  /** A whole new period begins. */
  restarts: boolean;
  trials: boolean;
  bills: boolean;
  at: number;
}

/**
 * Changes what is subscribed to. What was paid for and not used is credited and the rest of the period charged, as
 * invoice items; they are billed at once when asked for or when the interval changes, else with the next invoice.
 */
export function updateItems(scope: Scope, old: Subscription, update: ItemsUpdate): Subscription {
  if (update.waitsForPayment && !wouldSucceed(scope, old, update)) return postpone(scope, old, update);
  const subscription = { ...old, ...update.patch };
  const outcome = outcomeOf(scope, old, subscription, update);
  const { before, after, restarts, trials, bills, at } = outcome;
  if (update.prorationBehavior !== 'none' && old.status !== 'trialing') {
    prorate(scope, subscription, before, after, at, restarts || trials);
  }
  const invoiceId = stripeId('in');
  const changed = scope.update(
    'subscription',
    old,
    {
      ...update.patch,
      items: itemList(scope, old.id, after),
      ...(bills && { latest_invoice: invoiceId }),
      ...(restarts && { billing_cycle_anchor: scope.now }),
      ...(restarts && subscription.cancel_at_period_end && { cancel_at: after[0]?.current_period_end }),
    },
    'customer.subscription.updated',
  );
  if (!bills) return changed;
  (update.bill ?? bill)(scope, changed, {
    invoiceId,
    reason: 'subscription_update',
    period: { start: before[0]?.current_period_start ?? scope.now, end: scope.now },
    pendingOnly: !restarts && !trials,
    trial: trials,
    prorationDate: at,
    collects: update.collects,
    mustSucceed: update.mustSucceed,
  });
  return scope.get('subscription', old.id);
}

function outcomeOf(scope: Scope, old: Subscription, subscription: Subscription, update: ItemsUpdate): Outcome {
  const before = itemsOf(scope, old);
  const trials = subscription.status === 'trialing' && old.status !== 'trialing';
  const wanted = changedItems(scope, subscription, before, update.changes);
  const runs = subscription.status !== 'trialing';
  const restarts = runs && (update.restartsNow === true || intervalOf(before) !== intervalOf(wanted));
  const trialEnd = subscription.status === 'trialing' ? subscription.trial_end : null;
  const after = restarts
    ? restarted(scope, wanted)
    : trialEnd === null
      ? wanted
      : until(wanted, trialEnd, scope, trials);
  return {
    before,
    after,
    restarts,
    trials,
    bills: restarts || trials || (update.prorationBehavior === 'always_invoice' && update.changes.length > 0),
    at: update.prorationDate ?? scope.now,
  };
}

/** Tried without leaving a trace; only a refused payment means no. */
function wouldSucceed(scope: Scope, old: Subscription, update: ItemsUpdate): boolean {
  try {
    scope.world.rehearse(() => updateItems(scope, old, { ...update, waitsForPayment: false, mustSucceed: true }));
    return true;
  } catch (error) {
    if (error instanceof StripeFailure && (error.status === 402 || error.fields.code === 'resource_missing'))
      return false;
    throw error;
  }
}

/** Bills the change and leaves the subscription as it is until that is paid. */
function postpone(scope: Scope, old: Subscription, update: ItemsUpdate): Subscription {
  const { before, after, restarts, at } = outcomeOf(scope, old, { ...old, ...update.patch }, update);
  prorate(scope, old, before, after, at, restarts);
  return awaitPayment(scope, old, { items: after, restarts, at, trialEnd: update.patch?.trial_end ?? null });
}

function changedItems(
  scope: Scope,
  subscription: Subscription,
  before: readonly SubscriptionItem[],
  changes: readonly ItemChange[],
): SubscriptionItem[] {
  let items = [...before];
  const period = {
    start: items[0]?.current_period_start ?? scope.now,
    end: items[0]?.current_period_end ?? scope.now,
  };
  for (const [index, change] of changes.entries()) {
    if (change.id === undefined) {
      items.push(buildItem(scope, subscription, change, period));
      continue;
    }
    const known = items.find(({ id }) => id === change.id);
    if (!known) {
      const param = `items[${index}][id]`;
      throw invalidRequest(`No such subscription item: '${change.id}'`, { code: 'resource_missing', param });
    }
    items = change.deleted
      ? items.filter(({ id }) => id !== known.id)
      : items.map((item) => (item.id === known.id ? changedItem(scope, item, change) : item));
  }
  if (items.length === 0) {
    throw invalidRequest('A subscription must have at least one active item.', { param: 'items' });
  }
  return items;
}

function changedItem(scope: Scope, item: SubscriptionItem, change: ItemChange): SubscriptionItem {
  const price = change.price === undefined ? item.price : requireRecurring(scope, change.price);
  return {
    ...without(item, 'quantity'),
    metadata: mergeMetadata(item.metadata, change.metadata),
    plan: planOf(price),
    price,
    ...quantityOf(price, change.quantity ?? item.quantity),
    ...(change.tax_rates && { tax_rates: change.tax_rates.map((rate) => scope.get('tax_rate', rate, 'tax_rates')) }),
  };
}

function intervalOf(items: readonly SubscriptionItem[]): string {
  const recurring = items[0]?.price.recurring;
  return recurring ? `${recurring.interval_count} ${recurring.interval}` : '';
}

/** Another interval begins a new period now. */
function restarted(scope: Scope, items: readonly SubscriptionItem[]): SubscriptionItem[] {
  return items.map((item) => ({
    ...item,
    current_period_start: scope.now,
    current_period_end: intervalsAfter(scope.now, item.price.recurring as Interval, 1),
  }));
}

/** The running period ends where the trial does. */
const until = (items: readonly SubscriptionItem[], end: number, scope: Scope, begins: boolean): SubscriptionItem[] =>
  items.map((item) => ({
    ...item,
    current_period_end: end,
    current_period_start: begins ? scope.now : item.current_period_start,
  }));
