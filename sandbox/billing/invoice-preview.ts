import { invalidRequest } from '../core/errors.js';
import { randomText, stripeId } from '../core/ids.js';
import type { Scope } from '../core/scope.js';
import type { Kinds } from '../core/wire.js';
import { embedded } from '../http/listing.js';
import { redeemAll, type DiscountRequest } from './discounts.js';
import { createDraft, redraft, type Invoice } from './invoice-draft.js';
import { createItem, itemLine, type InvoiceLine, type ItemFields } from './invoice-lines.js';
import { draftOf, type Billing } from './subscription-billing.js';
import { settleBeforeEnd } from './subscription-cancel.js';
import { createSubscription, type SubscriptionFields } from './subscription-create.js';
import { periodEnd, type Subscription } from './subscription-items.js';
import { beginNextPeriod } from './subscription-renewal.js';
import { updateItems, type ItemsUpdate } from './subscription-update.js';

/** Stripe finalizes a renewal's invoice an hour after it was made. */
const FINALIZED_AFTER_SECONDS = 3_600;
const RENEWS = ['active', 'past_due', 'trialing'];

export interface PreviewRequest {
  customer: Kinds['customer'];
  subscription: Subscription | null;
  /** Changes of the subscription; with `cancelNow` only what would be settled at its end. */
  update: ItemsUpdate | null;
  cancelNow: { prorates: boolean } | null;
  /** A subscription that does not exist yet. */
  create: SubscriptionFields | null;
  extras: Pick<ItemFields, 'amount' | 'currency' | 'description' | 'price' | 'quantity' | 'discountable' | 'period'>[];
  /** Instead of those that the subscription or the customer has. */
  discounts?: DiscountRequest[];
  /** Without prorations and other items that come once. */
  recurringOnly: boolean;
}

/** The invoice that would be made. Everything is done as it would be done and then undone, so that the figures agree. */
export function previewInvoice(scope: Scope, request: PreviewRequest): Invoice {
  const { invoice, lines } = scope.world.rehearse(() => rehearsed(scope, request));
  scope.world.store.put(scope.account, 'sandbox.invoice', {
    id: invoice.id,
    object: 'sandbox.invoice',
    created: scope.now,
    lines,
    taxRates: {},
    shipping: null,
    payment: null,
  });
  return invoice;
}

function rehearsed(scope: Scope, request: PreviewRequest): { invoice: Invoice; lines: InvoiceLine[] } {
  const draft = adjusted(scope, draftFor(scope, request), request);
  const id = `upcoming_in_${randomText(24)}`;
  const lines = scope.get('sandbox.invoice', draft.id).lines.map((line) => ({ ...line, invoice: id }));
  const balance = scope.get('customer', request.customer.id).balance;
  const due = Math.max(0, draft.total + balance);
  const invoice: Invoice = {
    ...draft,
    id,
    amount_due: due,
    amount_remaining: due,
    auto_advance: true,
    billing_reason: 'upcoming',
    ending_balance: due > 0 ? 0 : draft.total + balance,
    lines: embedded(lines, `/v1/invoices/${id}/lines`),
    next_payment_attempt:
      draft.collection_method === 'charge_automatically' ? draft.created + FINALIZED_AFTER_SECONDS : null,
    starting_balance: balance,
  };
  return { invoice, lines };
}

function draftFor(scope: Scope, request: PreviewRequest): Invoice {
  const drafts: Invoice[] = [];
  const keep = (time: Scope, subscription: Subscription, billing: Billing): Invoice => {
    const draft = draftOf(time, subscription, billing);
    drafts.push(draft);
    return draft;
  };
  const { customer, create, update, cancelNow } = request;
  for (const extra of request.extras) {
    createItem(scope, { ...extra, customer: customer.id, subscription: request.subscription?.id });
  }
  if (create) createSubscription(scope, { ...create, bill: keep });
  let subscription = create ? null : (request.subscription ?? nextToRenew(scope, customer.id));
  if (subscription && cancelNow) {
    settleBeforeEnd(scope, subscription, cancelNow.prorates, false);
    return pendingDraft(scope, subscription) ?? nothingUpcoming(customer.id);
  }
  if (subscription && update) subscription = updateItems(scope, subscription, { ...update, bill: keep });
  const [made] = drafts;
  if (made) return made;
  return (
    (subscription ? renewalDraft(scope, subscription) : itemsDraft(scope, customer)) ?? nothingUpcoming(customer.id)
  );
}

function nothingUpcoming(customer: string): never {
  throw invalidRequest(`No upcoming invoices for customer: ${customer}`, { code: 'invoice_upcoming_none' }, 404);
}

/** Of several subscriptions the one whose period ends first. */
function nextToRenew(scope: Scope, customer: string): Subscription | null {
  const alive = scope.all(
    'subscription',
    (row) => row.customer === customer && RENEWS.includes(row.status) && goesOn(row),
  );
  const [next] = alive.sort((a, b) => periodEnd(a) - periodEnd(b));
  return next ?? null;
}

const goesOn = (row: Subscription): boolean => row.cancel_at === null || row.cancel_at > periodEnd(row);

function renewalDraft(scope: Scope, subscription: Subscription): Invoice | null {
  if (!RENEWS.includes(subscription.status)) return pendingDraft(scope, subscription);
  if (!goesOn(subscription)) return pendingDraft(scope.at(subscription.cancel_at ?? scope.now), subscription);
  const start = periodEnd(subscription);
  const time = scope.at(start);
  const invoiceId = stripeId('in');
  const renewed = beginNextPeriod(time, subscription, invoiceId);
  const before = subscription.items.data[0]?.current_period_start ?? start;
  return draftOf(time, renewed, { invoiceId, reason: 'subscription_cycle', period: { start: before, end: start } });
}

/** What waits for the next invoice, when no further period does. */
function pendingDraft(scope: Scope, subscription: Subscription): Invoice | null {
  const period = { start: subscription.items.data[0]?.current_period_start ?? scope.now, end: scope.now };
  const billing: Billing = { invoiceId: stripeId('in'), reason: 'manual', period, pendingOnly: true };
  const draft = draftOf(scope, subscription, billing);
  return draft.lines.data.length > 0 ? draft : null;
}

function itemsDraft(scope: Scope, customer: Kinds['customer']): Invoice | null {
  const pending = scope.all('invoiceitem', (item) => item.invoice === null && item.customer === customer.id);
  const [first] = pending;
  if (!first) return null;
  return createDraft(scope, {
    customer,
    currency: first.currency,
    billingReason: 'manual',
    inheritedDiscounts: customer.discount ? [customer.discount.id] : [],
    lines: (id) =>
      pending.filter(({ currency }) => currency === first.currency).map((item) => itemLine(scope, id, item)),
  });
}

function adjusted(scope: Scope, draft: Invoice, { customer, discounts, recurringOnly }: PreviewRequest): Invoice {
  if (!discounts && !recurringOnly) return draft;
  const { lines } = scope.get('sandbox.invoice', draft.id);
  const recurs = ({ parent }: InvoiceLine): boolean => parent?.subscription_item_details?.proration === false;
  const target = { customer: customer.id, invoice: draft.id, currency: draft.currency };
  return redraft(
    scope,
    draft,
    recurringOnly ? { lines: lines.filter(recurs) } : {},
    discounts ? { discounts: redeemAll(scope, discounts, target) } : {},
  );
}
