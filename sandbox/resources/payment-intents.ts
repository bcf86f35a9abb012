import { followIntent } from '../billing/invoice-payments.js';
import { captureCharge } from '../billing/charges.js';
import { attach, resolvePaymentMethod } from '../billing/payment-methods.js';
import { cancelIntent, confirmIntent, createIntent, declined } from '../billing/payments.js';
import { requirePayableAmount } from '../money/payable-amount.js';
import { invalidRequest } from '../core/errors.js';
import type { Scope } from '../core/scope.js';
import type { Kinds } from '../core/wire.js';
import {
  amount,
  bool,
  clearable,
  currency,
  int,
  mergeMetadata,
  metadata,
  object,
  oneOf,
  required,
  text,
} from '../http/params.js';
import { listing, retrieve, route, same, type Route } from '../http/router.js';

type PaymentIntent = Kinds['payment_intent'];

const CANCELABLE = [
  'requires_capture',
  'requires_payment_method',
  'requires_confirmation',
  'requires_action',
  'processing',
];

const fields = {
  customer: text,
  description: clearable(text),
  metadata,
  payment_method: text,
  receipt_email: clearable(text),
  setup_future_usage: clearable(oneOf('off_session', 'on_session')),
  statement_descriptor: text,
  transfer_group: text,
};

function confirmed(scope: Scope, intent: PaymentIntent, method: string | null): PaymentIntent {
  if (!['requires_payment_method', 'requires_confirmation'].includes(intent.status)) {
    throw invalidRequest(`You cannot confirm this PaymentIntent because it has a status of ${intent.status}.`, {
      code: 'payment_intent_unexpected_state',
    });
  }
  if (method === null) {
    throw invalidRequest('You cannot confirm this PaymentIntent because it is missing a payment method.', {
      code: 'payment_intent_unexpected_state',
    });
  }
  const after = confirmIntent(scope, intent, method);
  followIntent(scope, after);
  if (after.status === 'requires_payment_method') throw declined(after);
  const customer = after.setup_future_usage && after.customer ? scope.maybe('customer', after.customer) : undefined;
  if (customer) attach(scope, scope.get('payment_method', method), customer);
  return after;
}

/** An invoice that waits for this payment has it now. */
function followed(scope: Scope, id: string): PaymentIntent {
  const intent = scope.get('payment_intent', id);
  followIntent(scope, intent);
  return intent;
}

export const paymentIntentRoutes: Route[] = [
  route(
    'POST',
    '/v1/payment_intents',
    {
      ...fields,
      amount: required(amount),
      currency: required(currency),
      automatic_payment_methods: object({ enabled: required(bool), allow_redirects: oneOf('always', 'never') }),
      capture_method: oneOf('automatic', 'automatic_async', 'manual'),
      confirm: bool,
      off_session: bool,
      return_url: text,
    },
    (outer, params) => {
      requirePayableAmount(params.amount, params.currency);
      const customer = params.customer === undefined ? null : outer.get('customer', params.customer, 'customer').id;
      const scope = outer.forCustomer(customer);
      const method = params.payment_method ? resolvePaymentMethod(scope, params.payment_method) : null;
      const intent = createIntent(scope, {
        amount: params.amount,
        currency: params.currency,
        customer,
        description: params.description,
        metadata: mergeMetadata({}, params.metadata),
        paymentMethod: method,
        receiptEmail: params.receipt_email,
        setupFutureUsage: params.setup_future_usage,
        statementDescriptor: params.statement_descriptor,
        transferGroup: params.transfer_group,
        captureMethod: params.capture_method,
      });
      return params.confirm ? confirmed(scope, intent, method) : intent;
    },
  ),
  retrieve('/v1/payment_intents/:id', 'payment_intent'),
  route('POST', '/v1/payment_intents/:id', { ...fields, amount, currency }, (scope, params, id) => {
    const intent = scope.get('payment_intent', id);
    const { metadata: sent, payment_method, ...rest } = params;
    const money = params.amount !== undefined || params.currency !== undefined;
    if (money && !['requires_payment_method', 'requires_confirmation'].includes(intent.status)) {
      throw invalidRequest(
        `This PaymentIntent's amount could not be updated because it has a status of ${intent.status}.`,
        {
          code: 'payment_intent_unexpected_state',
        },
      );
    }
    if (params.customer !== undefined) scope.get('customer', params.customer, 'customer');
    const method = payment_method ? resolvePaymentMethod(scope, payment_method) : null;
    return scope.update('payment_intent', intent, {
      ...rest,
      metadata: mergeMetadata(intent.metadata, sent),
      ...(method && { payment_method: method, status: 'requires_confirmation' as const }),
    });
  }),
  route(
    'POST',
    '/v1/payment_intents/:id/confirm',
    { payment_method: text, off_session: bool, return_url: text, receipt_email: clearable(text) },
    (outer, params, id) => {
      const intent = outer.get('payment_intent', id);
      const scope = outer.forCustomer(intent.customer);
      const method = params.payment_method ? resolvePaymentMethod(scope, params.payment_method) : intent.payment_method;
      return confirmed(scope, intent, method);
    },
  ),
  route(
    'POST',
    '/v1/payment_intents/:id/capture',
    { amount_to_capture: int, final_capture: bool, metadata, statement_descriptor: text },
    (outer, params, id) => {
      const intent = outer.get('payment_intent', id);
      if (intent.status !== 'requires_capture') {
        throw invalidRequest(`This PaymentIntent could not be captured because it has a status of ${intent.status}.`, {
          code: 'payment_intent_unexpected_state',
        });
      }
      const scope = outer.forCustomer(intent.customer);
      scope.update('payment_intent', intent, { metadata: mergeMetadata(intent.metadata, params.metadata) });
      captureCharge(scope, scope.get('charge', intent.latest_charge ?? ''), params.amount_to_capture);
      return followed(scope, id);
    },
  ),
  route(
    'POST',
    '/v1/payment_intents/:id/cancel',
    { cancellation_reason: oneOf('abandoned', 'duplicate', 'fraudulent', 'requested_by_customer') },
    (outer, params, id) => {
      const intent = outer.get('payment_intent', id);
      if (!CANCELABLE.includes(intent.status)) {
        throw invalidRequest(`You cannot cancel this PaymentIntent because it has a status of ${intent.status}.`, {
          code: 'payment_intent_unexpected_state',
        });
      }
      return cancelIntent(outer.forCustomer(intent.customer), intent, params.cancellation_reason ?? null);
    },
  ),
  listing('/v1/payment_intents', 'payment_intent', { customer: text }, (row, params) =>
    same(row.customer, params.customer),
  ),
];
