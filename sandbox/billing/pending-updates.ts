import { stripeId } from '../core/ids.js';
import type { Scope } from '../core/scope.js';
import type { Kinds } from '../core/wire.js';
import { voidInvoice } from './invoice-lifecycle.js';
import { bill } from './subscription-billing.js';
import type { Subscription, SubscriptionItem } from './subscription-items.js';

/** Stripe keeps a pending update for so long. */
const PENDING_SECONDS = 23 * 3_600;

export interface Postponed {
  items: SubscriptionItem[];
  /** The change begins a new period. */
  restarts: boolean;
  at: number;
  trialEnd: number | null;
}

/** Bills what was changed; the change itself is kept as the subscription's `pending_update` until that is paid. */
export function awaitPayment(scope: Scope, subscription: Subscription, change: Postponed): Subscription {
  const invoiceId = stripeId('in');
  const waiting = scope.update(
    'subscription',
    subscription,
    {
      latest_invoice: invoiceId,
      pending_update: {
        billing_cycle_anchor: change.restarts ? scope.now : null,
        cancel_at_period_end: null,
        discount: null,
        discounts: null,
        expires_at: scope.now + PENDING_SECONDS,
        metadata: null,
        subscription_items: change.items,
        trial_end: change.trialEnd,
        trial_from_plan: null,
      },
    },
    'customer.subscription.updated',
  );
  const items = { ...waiting.items, data: change.items, has_more: false };
  bill(
    scope,
    { ...waiting, items },
    {
      invoiceId,
      reason: 'subscription_update',
      period: { start: subscription.items.data[0]?.current_period_start ?? scope.now, end: scope.now },
      pendingOnly: !change.restarts,
      prorationDate: change.at,
    },
  );
  return scope.get('subscription', subscription.id);
}

export function expirePending(scope: Scope, subscription: Subscription): void {
  const invoice = scope.maybe('invoice', subscription.latest_invoice ?? '');
  const patch = { pending_update: null };
  const changed = scope.update('subscription', subscription, patch, 'customer.subscription.updated');
  scope.emit('customer.subscription.pending_update_expired', changed);
  if (invoice?.status === 'open') voidInvoice(scope, invoice);
}

/** The change whose invoice was voided is not wanted any more. */
export function dropPending(scope: Scope, { id }: Kinds['invoice']): void {
  const [waiting] = scope.all('subscription', (row) => row.pending_update !== null && row.latest_invoice === id);
  if (waiting) scope.update('subscription', waiting, { pending_update: null }, 'customer.subscription.updated');
}
