import { resolvePaymentMethod } from '../billing/payment-methods.js';
import { cancelSetup, confirmSetup, createSetup } from '../billing/setup-intents.js';
import type { Scope } from '../core/scope.js';
import type { Kinds } from '../core/wire.js';
import {
  bool,
  clearable,
  list,
  mergeMetadata,
  metadata,
  object,
  oneOf,
  opaque,
  required,
  text,
} from '../http/params.js';
import { listing, retrieve, route, same, type Route } from '../http/router.js';

const fields = {
  attach_to_self: bool,
  customer: text,
  description: clearable(text),
  metadata,
  payment_method: text,
  payment_method_types: list(text),
};

const methodOf = (scope: Scope, id: string | null | undefined): Kinds['payment_method'] | null =>
  id ? scope.get('payment_method', resolvePaymentMethod(scope, id)) : null;

export const setupIntentRoutes: Route[] = [
  route(
    'POST',
    '/v1/setup_intents',
    {
      ...fields,
      automatic_payment_methods: object({ enabled: required(bool), allow_redirects: oneOf('always', 'never') }),
      confirm: bool,
      mandate_data: opaque,
      on_behalf_of: text,
      return_url: text,
      usage: oneOf('off_session', 'on_session'),
    },
    (outer, params) => {
      const customer = params.customer === undefined ? null : outer.get('customer', params.customer, 'customer').id;
      const scope = outer.forCustomer(customer);
      const method = methodOf(scope, params.payment_method);
      const intent = createSetup(scope, {
        customer,
        description: params.description ?? null,
        metadata: mergeMetadata({}, params.metadata),
        paymentMethod: method?.id ?? null,
        types: params.payment_method_types ?? [method?.type ?? 'card'],
        usage: params.usage ?? 'off_session',
      });
      return params.confirm ? confirmSetup(scope, intent, method) : intent;
    },
  ),
  retrieve('/v1/setup_intents/:id', 'setup_intent'),
  route('POST', '/v1/setup_intents/:id', fields, (scope, params, id) => {
    const intent = scope.get('setup_intent', id);
    const { metadata: sent, payment_method, ...rest } = params;
    if (params.customer !== undefined) scope.get('customer', params.customer, 'customer');
    const method = methodOf(scope, payment_method);
    return scope.update('setup_intent', intent, {
      ...rest,
      metadata: mergeMetadata(intent.metadata, sent),
      ...(method && { payment_method: method.id, status: 'requires_confirmation' as const }),
    });
  }),
  route(
    'POST',
    '/v1/setup_intents/:id/confirm',
    { mandate_data: opaque, payment_method: text, return_url: text },
    (outer, params, id) => {
      const intent = outer.get('setup_intent', id);
      const scope = outer.forCustomer(intent.customer);
      return confirmSetup(scope, intent, methodOf(scope, params.payment_method ?? intent.payment_method));
    },
  ),
  route(
    'POST',
    '/v1/setup_intents/:id/cancel',
    { cancellation_reason: oneOf('abandoned', 'duplicate', 'requested_by_customer') },
    (scope, params, id) => cancelSetup(scope, scope.get('setup_intent', id), params.cancellation_reason ?? null),
  ),
  listing(
    '/v1/setup_intents',
    'setup_intent',
    { customer: text, customer_account: text, payment_method: text, attach_to_self: bool },
    (row, params) =>
      same(row.customer, params.customer) &&
      same(row.customer_account, params.customer_account) &&
      same(row.payment_method, params.payment_method) &&
      same(row.attach_to_self, params.attach_to_self),
  ),
];
