import { StripeFailure } from '../core/errors.js';
import type { Scope } from '../core/scope.js';
import type { Kinds } from '../core/wire.js';
import { durationOf, endDiscount } from './discounts.js';
import { createDraft, type Invoice } from './invoice-draft.js';
import { collect, finalize, markUncollectible, voidInvoice } from './invoice-lifecycle.js';
import { usageOf } from './meter-usage.js';
import { itemLine, subscriptionLines, type NewLine } from './invoice-lines.js';
import { declined } from './payments.js';
import { isMetered, itemsOf, type Period, type Subscription } from './subscription-items.js';

export interface Billing {
  invoiceId: string;
  reason: 'subscription_create' | 'subscription_cycle' | 'subscription_update' | 'manual';
  /** The period that the invoice names, which is the one before the one it charges for. */
  period: Period;
  trial?: boolean;
  collects?: boolean;
  mustSucceed?: boolean;
  /** Only what is pending (prorations), without the items' next period. */
  pendingOnly?: boolean;
  prorationDate?: number;
  shippingAmount?: number;
}

/** Makes the subscription's invoice, finalizes it and tries to collect it, all at the scope's time. */
export function bill(scope: Scope, subscription: Subscription, billing: Billing): Invoice {
  const draft = draftOf(scope, subscription, billing);
  dropUsedDiscounts(scope, subscription, draft);
  return settle(scope, subscription, draft, billing);
}

/** The invoice before anything is done with it. */
export function draftOf(scope: Scope, subscription: Subscription, billing: Billing): Invoice {
  const customer = scope.get('customer', subscription.customer);
  const pending = scope.all('invoiceitem', (item) => isPendingFor(item, subscription));
  const draft = createDraft(scope, {
    id: billing.invoiceId,
    customer,
    currency: subscription.currency,
    billingReason: billing.reason,
    subscription,
    prorationDate: billing.prorationDate,
    collectionMethod: subscription.collection_method,
    daysUntilDue: subscription.days_until_due,
    autoAdvance: true,
    defaultTaxRates: (subscription.default_tax_rates ?? []).map(({ id }) => id),
    inheritedDiscounts: subscription.discounts.length > 0 ? subscription.discounts : customerDiscount(customer),
    period: billing.period,
    shipping: billing.shippingAmount ? { amount: billing.shippingAmount, rate: null, inclusive: false } : null,
    lines: (id) => [
      ...pending.map((item) => itemLine(scope, id, item)),
      ...(billsUsage(billing) ? usageLines(scope, id, subscription, billing.period) : []),
      ...(billing.pendingOnly ? [] : periodLines(scope, id, subscription, billing.trial ?? false)),
    ],
  });
  for (const item of pending) scope.update('invoiceitem', item, { invoice: draft.id });
  return draft;
}

/** Whether there is something to bill besides further periods. */
export const hasPending = (scope: Scope, subscription: Subscription): boolean =>
  scope.all('invoiceitem', (item) => isPendingFor(item, subscription)).length > 0 ||
  itemsOf(scope, subscription).some(({ price }) => isMetered(price));

const isPendingFor = (item: Kinds['invoiceitem'], subscription: Subscription): boolean => {
  if (item.invoice !== null || item.customer !== subscription.customer) return false;
  const bound = item.parent?.subscription_details?.subscription;
  return bound === subscription.id || (bound === undefined && item.currency === subscription.currency);
};

const customerDiscount = ({ discount }: Kinds['customer']): string[] => (discount ? [discount.id] : []);

function periodLines(scope: Scope, invoice: string, subscription: Subscription, trial: boolean): NewLine[] {
  const licensed = itemsOf(scope, subscription).filter(({ price }) => !isMetered(price));
  return licensed.flatMap((item) => {
    const period = { start: item.current_period_start, end: item.current_period_end };
    return subscriptionLines(scope, invoice, item, period, trial);
  });
}

/** Usage is billed when the period in which it fell is over: by a renewal, a new period or the subscription's end. */
const billsUsage = ({ reason, pendingOnly = false }: Billing): boolean =>
  reason === 'subscription_cycle' || reason === 'manual' || (reason === 'subscription_update' && !pendingOnly);

/** What was used in a trial is free. */
function usageLines(scope: Scope, invoice: string, subscription: Subscription, period: Period): NewLine[] {
  if (subscription.trial_end !== null && subscription.trial_end >= period.end) return [];
  return itemsOf(scope, subscription).flatMap((item) => {
    const meter = isMetered(item.price) && scope.maybe('billing.meter', item.price.recurring?.meter ?? '');
    if (!meter) return [];
    const usage = usageOf(scope, meter, subscription.customer, period.start, period.end) ?? 0;
    return subscriptionLines(scope, invoice, { ...item, quantity: Math.round(usage) }, period, false);
  });
}

function settle(scope: Scope, subscription: Subscription, draft: Invoice, billing: Billing): Invoice {
  const paused = subscription.pause_collection?.behavior;
  if (paused === 'keep_as_draft') return draft;
  const open = finalize(scope, draft);
  if (open.status !== 'open') return open;
  if (paused === 'void') return voidInvoice(scope, open);
  if (paused === 'mark_uncollectible') return markUncollectible(scope, open);
  if (subscription.collection_method === 'send_invoice') {
    scope.emit('invoice.sent', open);
    return open;
  }
  if (billing.collects === false) return open;
  const collected = collect(scope, open);
  if (collected.status === 'open' && billing.mustSucceed) throw refusal(scope, collected);
  return collected;
}

/** With `error_if_incomplete` the request fails and leaves nothing behind, not even the attempt. */
function refusal(scope: Scope, invoice: Invoice): StripeFailure {
  const payment = scope.maybe('invoice_payment', scope.get('sandbox.invoice', invoice.id).payment ?? '');
  const intent = scope.maybe('payment_intent', payment?.payment.payment_intent ?? '');
  if (!intent?.last_payment_error) {
    return new StripeFailure(
      400,
      'invalid_request_error',
      'This customer has no attached payment source or default payment method.',
      { code: 'resource_missing' },
    );
  }
  const failure = declined(intent);
  failure.keepsChanges = false;
  return failure;
}

/** A coupon that counts once has counted. */
function dropUsedDiscounts(scope: Scope, subscription: Subscription, invoice: Invoice): void {
  const used = new Set(invoice.total_discount_amounts?.map(({ discount }) => discount));
  const spent = subscription.discounts.filter((id) => used.has(id) && durationOf(scope, id) === 'once');
  if (spent.length === 0) return;
  const discounts = subscription.discounts.filter((id) => !spent.includes(id));
  for (const id of spent) endDiscount(scope, id);
  scope.update('subscription', subscription, { discounts }, 'customer.subscription.updated');
}
