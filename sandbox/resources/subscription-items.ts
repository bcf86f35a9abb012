import { itemsOf, type SubscriptionItem } from '../billing/subscription-items.js';
import { updateItems, type ItemChange } from '../billing/subscription-update.js';
import type { Scope } from '../core/scope.js';
import { newestFirst, page, paging } from '../http/listing.js';
import { updatePaymentBehavior } from './subscription-fields.js';
import { bool, int, list, metadata, oneOf, required, text } from '../http/params.js';
import { retrieve, route, type Route } from '../http/router.js';

const fields = {
  metadata,
  price: text,
  quantity: int,
  tax_rates: list(text),
  proration_behavior: oneOf('always_invoice', 'create_prorations', 'none'),
  proration_date: int,
  payment_behavior: updatePaymentBehavior,
};

interface Proration {
  proration_behavior?: 'always_invoice' | 'create_prorations' | 'none';
  proration_date?: number;
  payment_behavior?: string;
}

function change(scope: Scope, subscriptionId: string, one: ItemChange, params: Proration): readonly SubscriptionItem[] {
  const subscription = scope.get('subscription', subscriptionId, 'subscription');
  const time = scope.forCustomer(subscription.customer);
  const changed = updateItems(time, subscription, {
    changes: [one],
    prorationBehavior: params.proration_behavior ?? 'create_prorations',
    prorationDate: params.proration_date,
    waitsForPayment: params.payment_behavior === 'pending_if_incomplete',
    mustSucceed: params.payment_behavior === 'error_if_incomplete',
    collects: params.payment_behavior !== 'default_incomplete',
  });
  return itemsOf(scope, changed);
}

const changeOf = ({ price, quantity, metadata: sent, tax_rates }: ItemChange): ItemChange => ({
  price,
  quantity,
  metadata: sent,
  tax_rates,
});

export const subscriptionItemRoutes: Route[] = [
  route(
    'POST',
    '/v1/subscription_items',
    { ...fields, subscription: required(text), price: required(text) },
    (scope, params) => change(scope, params.subscription, changeOf(params), params).at(-1),
  ),
  retrieve('/v1/subscription_items/:id', 'subscription_item'),
  route('POST', '/v1/subscription_items/:id', fields, (scope, params, id) => {
    const { subscription } = scope.get('subscription_item', id);
    return change(scope, subscription, { ...changeOf(params), id }, params).find((item) => item.id === id);
  }),
  route(
    'DELETE',
    '/v1/subscription_items/:id',
    { clear_usage: bool, proration_behavior: fields.proration_behavior, proration_date: int },
    (scope, params, id) => {
      const { subscription } = scope.get('subscription_item', id);
      change(scope, subscription, { id, deleted: true }, params);
      return { id, object: 'subscription_item', deleted: true };
    },
  ),
  route('GET', '/v1/subscription_items', { ...paging, subscription: required(text) }, (scope, params) => {
    const items = itemsOf(scope, scope.get('subscription', params.subscription, 'subscription'));
    return page(newestFirst(items), params, '/v1/subscription_items', 'subscription_item');
  }),
];
