import { attach, detach, newCard, resolvePaymentMethod, testCard } from '../billing/payment-methods.js';
import { invalidRequest } from '../core/errors.js';
import { clearable, int, mergeMetadata, metadata, object, oneOf, required, text } from '../http/params.js';
import { listing, retrieve, route, same, type Route } from '../http/router.js';
import { address } from './shared.js';

const billingDetails = object({ address, email: clearable(text), name: clearable(text), phone: clearable(text) });

export const paymentMethodRoutes: Route[] = [
  route(
    'POST',
    '/v1/payment_methods',
    {
      type: required(oneOf('card')),
      // Only tokens: a card number has no business in a sandbox, nor in anything that talks to one.
      card: object({ token: required(text) }),
      billing_details: billingDetails,
      metadata,
    },
    (scope, params) => {
      const card = testCard(params.card?.token ?? 'tok_visa');
      if (!card)
        throw invalidRequest(`No such token: '${params.card?.token ?? ''}'`, {
          code: 'resource_missing',
          param: 'card[token]',
        });
      const { email = null, name = null } = params.billing_details ?? {};
      return newCard(scope, card, { email, name, metadata: mergeMetadata({}, params.metadata) });
    },
  ),
  retrieve('/v1/payment_methods/:id', 'payment_method'),
  route(
    'POST',
    '/v1/payment_methods/:id',
    { billing_details: billingDetails, metadata, card: object({ exp_month: int, exp_year: int }) },
    (scope, params, id) => {
      const method = scope.get('payment_method', id);
      const { address: place, ...details } = params.billing_details ?? {};
      return scope.update(
        'payment_method',
        method,
        {
          billing_details: {
            ...method.billing_details,
            ...details,
            ...(place && { address: place }),
          },
          metadata: mergeMetadata(method.metadata, params.metadata),
          ...(method.card && { card: { ...method.card, ...params.card } }),
        },
        'payment_method.updated',
      );
    },
  ),
  route('POST', '/v1/payment_methods/:id/attach', { customer: required(text) }, (scope, { customer }, id) => {
    const owner = scope.get('customer', customer, 'customer');
    const method = resolvePaymentMethod(scope, id, owner.email, owner.name ?? null);
    return attach(scope.forCustomer(customer), scope.get('payment_method', method), owner);
  }),
  route('POST', '/v1/payment_methods/:id/detach', {}, (scope, _params, id) =>
    detach(scope, scope.get('payment_method', id)),
  ),
  listing(
    '/v1/payment_methods',
    'payment_method',
    { customer: text, type: text },
    (row, params) => same(row.customer, params.customer) && same(row.type, params.type),
  ),
];
