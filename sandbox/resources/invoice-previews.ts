import { inlinePrice } from '../billing/catalog.js';
import { previewInvoice, type PreviewRequest } from '../billing/invoice-preview.js';
import { amountFor } from '../billing/price-tiers.js';
import type { Subscription } from '../billing/subscription-items.js';
import type { ItemsUpdate } from '../billing/subscription-update.js';
import { invalidRequest, missingParam } from '../core/errors.js';
import type { Scope } from '../core/scope.js';
import { without } from '../core/without.js';
import {
  bool,
  clearable,
  currency,
  int,
  list,
  metadata,
  object,
  oneOf,
  required,
  text,
  type Values,
} from '../http/params.js';
import { route, type Route } from '../http/router.js';
import { discounts, priceData } from './shared.js';
import { instant, patchOf } from './subscription-fields.js';
import { subscriptionItem, withPrices } from './subscriptions.js';

const details = object({
  billing_cycle_anchor: object({ type: required(oneOf('now', 'unchanged')) }),
  cancel_at: clearable(int),
  cancel_at_period_end: bool,
  cancel_now: bool,
  default_tax_rates: list(text),
  items: list(object({ ...subscriptionItem, id: text, deleted: bool, clear_usage: bool })),
  proration_behavior: oneOf('always_invoice', 'create_prorations', 'none'),
  proration_date: int,
  trial_end: text,
});
const invoiceItem = object({
  amount: int,
  currency,
  description: text,
  discountable: bool,
  metadata,
  period: object({ start: required(int), end: required(int) }),
  price: text,
  price_data: priceData,
  quantity: int,
});
const fields = {
  currency,
  customer: text,
  discounts,
  invoice_items: list(invoiceItem),
  preview_mode: oneOf('next', 'recurring'),
  subscription: text,
  subscription_details: details,
};
type Sent = Values<typeof fields>;

export const invoicePreviewRoutes: Route[] = [
  route('POST', '/v1/invoices/create_preview', fields, (outer, params) => {
    const known =
      params.subscription === undefined ? null : outer.get('subscription', params.subscription, 'subscription');
    const owner = params.customer ?? known?.customer;
    if (owner === undefined) throw missingParam('customer');
    const scope = outer.forCustomer(owner);
    return previewInvoice(scope, requestOf(scope, scope.get('customer', owner, 'customer'), known, params));
  }),
];

function requestOf(
  scope: Scope,
  customer: PreviewRequest['customer'],
  subscription: Subscription | null,
  params: Sent,
): PreviewRequest {
  if (subscription && subscription.customer !== customer.id) {
    throw invalidRequest(`The customer ${customer.id} does not have the subscription ${subscription.id}.`, {
      param: 'subscription',
    });
  }
  const { subscription_details: sent } = params;
  const creates = subscription === null && sent?.items !== undefined;
  return {
    customer,
    subscription,
    update: subscription && sent ? updateOf(scope, subscription, sent) : null,
    cancelNow: sent?.cancel_now ? { prorates: sent.proration_behavior !== 'none' } : null,
    create: creates
      ? {
          customer: customer.id,
          items: withPrices(scope, sent.items ?? []),
          trialEnd: instant(sent.trial_end, scope.now),
          defaultTaxRates: sent.default_tax_rates,
        }
      : null,
    extras: (params.invoice_items ?? []).map((item) =>
      extraOf(scope, item, params.currency ?? customer.currency ?? 'usd'),
    ),
    discounts: params.discounts,
    recurringOnly: params.preview_mode === 'recurring',
  };
}

function updateOf(
  scope: Scope,
  subscription: Subscription,
  sent: NonNullable<Sent['subscription_details']>,
): ItemsUpdate {
  const { items, proration_behavior, proration_date, billing_cycle_anchor, ...patch } = sent;
  return {
    patch: patchOf(scope, subscription, without(patch, 'cancel_now')),
    changes: withPrices(scope, items ?? []),
    prorationBehavior: proration_behavior ?? 'create_prorations',
    prorationDate: proration_date,
    restartsNow: billing_cycle_anchor?.type === 'now',
  };
}

function extraOf(
  scope: Scope,
  sent: ReturnType<typeof invoiceItem.read>,
  code: string,
): PreviewRequest['extras'][number] {
  const id = sent.price_data ? inlinePrice(scope, sent.price_data).id : sent.price;
  const price = id === undefined ? null : scope.get('price', id, 'invoice_items[0][price]');
  const { quantity = 1, description, discountable, period } = sent;
  const amount = price ? amountFor(scope, price, quantity) : sent.amount;
  if (amount === undefined) throw missingParam('invoice_items[0][amount]');
  return {
    amount,
    currency: price?.currency ?? sent.currency ?? code,
    description,
    price,
    quantity,
    discountable,
    period,
  };
}
