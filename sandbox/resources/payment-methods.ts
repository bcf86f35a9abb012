import { kindDetails, OTHER_KINDS } from '../billing/payment-method-kinds.js';
import {
  attach,
  detach,
  newCard,
  newMethod,
  resolvePaymentMethod,
  testCard,
  type MethodFields,
} from '../billing/payment-methods.js';
import { invalidRequest } from '../core/errors.js';
import type { Scope } from '../core/scope.js';
import { clearable, int, mergeMetadata, metadata, object, oneOf, required, text, type Param } from '../http/params.js';
import { listing, retrieve, route, same, type Route } from '../http/router.js';
import { address } from './shared.js';

type SentHash = Record<string, string>;
/** Each kind has parameters of its own; its builder refuses what is missing. */
const stringHash: Param<SentHash> = metadata;
const billingDetails = object({ address, email: clearable(text), name: clearable(text), phone: clearable(text) });

const kinds = Object.fromEntries(OTHER_KINDS.map((kind) => [kind, stringHash])) as Record<string, Param<SentHash>>;
const allowRedisplay = oneOf('always', 'limited', 'unspecified');

function create(scope: Scope, params: Record<string, unknown> & { type: string }, fields: MethodFields): object {
  if (params.type !== 'card') {
    const sent = (params[params.type] ?? {}) as SentHash;
    return newMethod(scope, kindDetails(params.type, sent, fields.email ?? null), fields);
  }
  const { token = 'tok_visa' } = (params.card ?? {}) as { token?: string };
  const card = testCard(token);
  if (!card) throw invalidRequest(`No such token: '${token}'`, { code: 'resource_missing', param: 'card[token]' });
  return newCard(scope, card, fields);
}

export const paymentMethodRoutes: Route[] = [
  route(
    'POST',
    '/v1/payment_methods',
    {
      ...kinds,
      allow_redisplay: allowRedisplay,
      type: required(oneOf('card', ...OTHER_KINDS)),
      // Only tokens: a card number has no business in a sandbox, nor in anything that talks to one.
      card: object({ token: required(text) }),
      billing_details: billingDetails,
      metadata,
    },
    (scope, params) => {
      const { address: place, email, name, phone } = params.billing_details ?? {};
      return create(scope, params, {
        email,
        name,
        phone,
        address: place,
        allowRedisplay: params.allow_redisplay,
        metadata: mergeMetadata({}, params.metadata),
      });
    },
  ),
  retrieve('/v1/payment_methods/:id', 'payment_method'),
  route(
    'POST',
    '/v1/payment_methods/:id',
    {
      allow_redisplay: allowRedisplay,
      billing_details: billingDetails,
      metadata,
      card: object({ exp_month: int, exp_year: int }),
      us_bank_account: object({ account_holder_type: text, account_type: text }),
    },
    (scope, params, id) => {
      const method = scope.get('payment_method', id);
      if (method.customer === null) throw notAttached();
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
          ...(params.allow_redisplay && { allow_redisplay: params.allow_redisplay }),
          ...(method.card && { card: { ...method.card, ...params.card } }),
          ...(method.us_bank_account && { us_bank_account: { ...method.us_bank_account, ...params.us_bank_account } }),
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
    { allow_redisplay: text, customer: text, type: text },
    (row, params) =>
      same(row.customer, params.customer) &&
      same(row.type, params.type) &&
      same(row.allow_redisplay, params.allow_redisplay),
  ),
];

const notAttached = (): Error =>
  invalidRequest('You must save this PaymentMethod to a customer before you can update it.', {
    param: 'payment_method',
  });
