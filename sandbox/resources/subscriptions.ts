import { deletedDiscount, endDiscount } from '../billing/discounts.js';
import { resolvePaymentMethod } from '../billing/payment-methods.js';
import { endSubscription, settleBeforeEnd } from '../billing/subscription-cancel.js';
import { runDue } from '../billing/subscription-renewal.js';
import { createSubscription } from '../billing/subscription-create.js';
import type { Subscription } from '../billing/subscription-items.js';
import { updateItems } from '../billing/subscription-update.js';
import { invalidRequest } from '../core/errors.js';
import type { Scope } from '../core/scope.js';
import {
  bool,
  clearable,
  inRange,
  int,
  list,
  mergeMetadata,
  metadata,
  object,
  oneOf,
  range,
  required,
  text,
  type Values,
} from '../http/params.js';
import { listing, retrieve, route, same, type Route } from '../http/router.js';
import { inlinePrice } from '../billing/catalog.js';
import { amountFor } from '../billing/price-tiers.js';
import { discounts, priceData } from './shared.js';
import {
  cancellationDetails,
  instant,
  patchOf,
  requirePendingFields,
  subscriptionFields,
  trialSettingsOf,
  updatePaymentBehavior,
} from './subscription-fields.js';

const DAY_SECONDS = 86_400;

export const subscriptionItem = {
  price: text,
  price_data: priceData,
  quantity: int,
  metadata,
  discounts,
  tax_rates: list(text),
};
/** Prices given inline become prices first. */
export const withPrices = <T extends { price?: string; price_data?: Values<typeof subscriptionItem>['price_data'] }>(
  scope: Scope,
  items: T[],
) =>
  items.map(({ price_data, ...rest }) => (price_data ? { ...rest, price: inlinePrice(scope, price_data).id } : rest));

export const subscriptionRoutes: Route[] = [
  route(
    'POST',
    '/v1/subscriptions',
    {
      ...subscriptionFields,
      customer: required(text),
      items: required(list(object(subscriptionItem))),
      add_invoice_items: list(object({ price: text, price_data: priceData, quantity: int, tax_rates: list(text) })),
      billing_cycle_anchor: int,
      trial_period_days: int,
    },
    (outer, params) => {
      const scope = outer.forCustomer(outer.get('customer', params.customer, 'customer').id);
      const extras = withPrices(scope, params.add_invoice_items ?? []).map(({ price: id, quantity = 1, tax_rates }) => {
        const price = scope.get('price', id ?? '', 'add_invoice_items[0][price]');
        return {
          price,
          quantity,
          amount: amountFor(scope, price, quantity),
          currency: price.currency,
          taxRates: tax_rates,
        };
      });
      const method = params.default_payment_method;
      return createSubscription(scope, {
        customer: params.customer,
        items: withPrices(scope, params.items),
        extras,
        trialEnd:
          params.trial_period_days === undefined
            ? instant(params.trial_end, scope.now)
            : scope.now + params.trial_period_days * DAY_SECONDS,
        defaultPaymentMethod: method ? resolvePaymentMethod(scope, method) : null,
        metadata: mergeMetadata({}, params.metadata),
        description: params.description,
        discounts: params.discounts,
        collectionMethod: params.collection_method,
        daysUntilDue: params.days_until_due,
        paymentBehavior: params.payment_behavior,
        cancelAtPeriodEnd: params.cancel_at_period_end,
        cancelAt: params.cancel_at,
        defaultTaxRates: params.default_tax_rates,
        anchor: params.billing_cycle_anchor,
        prorationBehavior: params.proration_behavior,
        trialSettings: trialSettingsOf(params.trial_settings),
        paymentSettings: params.payment_settings,
      });
    },
  ),
  retrieve('/v1/subscriptions/:id', 'subscription'),
  route(
    'POST',
    '/v1/subscriptions/:id',
    {
      ...subscriptionFields,
      items: list(object({ ...subscriptionItem, id: text, deleted: bool, clear_usage: bool })),
      cancellation_details: cancellationDetails,
      pause_collection: clearable(
        object({ behavior: required(oneOf('keep_as_draft', 'mark_uncollectible', 'void')), resumes_at: int }),
      ),
      billing_cycle_anchor: object({ type: required(oneOf('now', 'unchanged')) }),
      payment_behavior: updatePaymentBehavior,
      proration_date: int,
    },
    (outer, params, id) => {
      const subscription = outer.get('subscription', id);
      const scope = outer.forCustomer(subscription.customer);
      if (subscription.status === 'canceled') {
        throw invalidRequest('A canceled subscription can only update its cancellation_details and metadata.');
      }
      if (params.payment_behavior === 'pending_if_incomplete') requirePendingFields(params);
      const ends = subscription.status === 'trialing' && params.trial_end === 'now';
      const changed = updateItems(scope, subscription, {
        patch: patchOf(scope, subscription, params),
        changes: withPrices(scope, params.items ?? []),
        prorationBehavior: params.proration_behavior ?? 'create_prorations',
        prorationDate: requireWithinPeriod(subscription, params.proration_date),
        restartsNow: params.billing_cycle_anchor?.type === 'now',
        collects: params.payment_behavior !== 'default_incomplete',
        mustSucceed: params.payment_behavior === 'error_if_incomplete',
        waitsForPayment: params.payment_behavior === 'pending_if_incomplete',
      });
      // A trial that ends now is due now.
      if (ends) runDue(scope, changed);
      return scope.get('subscription', id);
    },
  ),
  route(
    'DELETE',
    '/v1/subscriptions/:id',
    { cancellation_details: cancellationDetails, invoice_now: bool, prorate: bool },
    (outer, params, id) => {
      const subscription = outer.get('subscription', id);
      if (['canceled', 'incomplete_expired'].includes(subscription.status)) {
        throw invalidRequest(`No such subscription: '${id}'`, { code: 'resource_missing', param: 'id' }, 404);
      }
      const scope = outer.forCustomer(subscription.customer);
      settleBeforeEnd(scope, subscription, params.prorate ?? false, params.invoice_now ?? false);
      return endSubscription(
        scope,
        scope.get('subscription', id),
        'cancellation_requested',
        params.cancellation_details,
      );
    },
  ),
  route('DELETE', '/v1/subscriptions/:id/discount', {}, (scope, _params, id) => {
    const subscription = scope.get('subscription', id);
    const [first] = subscription.discounts;
    if (!first) throw invalidRequest(`No active discount for subscription: ${id}`, { code: 'resource_missing' }, 404);
    for (const discount of subscription.discounts) endDiscount(scope, discount);
    scope.update('subscription', subscription, { discounts: [] }, 'customer.subscription.updated');
    return deletedDiscount(scope.get('discount', first));
  }),
  listing(
    '/v1/subscriptions',
    'subscription',
    {
      customer: text,
      price: text,
      status: text,
      collection_method: text,
      current_period_end: range,
      current_period_start: range,
      test_clock: text,
    },
    (row, params) =>
      same(row.customer, params.customer) &&
      same(row.collection_method, params.collection_method) &&
      same(row.test_clock, params.test_clock) &&
      hasStatus(row, params.status) &&
      (params.price === undefined || row.items.data.some(({ price }) => price.id === params.price)) &&
      (params.current_period_end === undefined ||
        row.items.data.some((one) => inRange(one.current_period_end, params.current_period_end ?? {}))) &&
      (params.current_period_start === undefined ||
        row.items.data.some((one) => inRange(one.current_period_start, params.current_period_start ?? {}))),
  ),
];

function requireWithinPeriod({ items }: Subscription, date: number | undefined): number | undefined {
  const [first] = items.data;
  if (date === undefined || !first) return date;
  if (date >= first.current_period_start && date <= first.current_period_end) return date;
  throw invalidRequest('Invalid proration_date: it must lie within the current period of the subscription.', {
    param: 'proration_date',
  });
}

/** Without a status Stripe leaves out what is canceled; `all` shows it, `ended` shows only that. */
function hasStatus({ status }: Subscription, wanted: string | undefined): boolean {
  if (wanted === undefined) return status !== 'canceled';
  if (wanted === 'all') return true;
  if (wanted === 'ended') return status === 'canceled' || status === 'incomplete_expired';
  return status === wanted;
}
