import { captureCharge } from '../billing/charges.js';
import { chargeDirectly } from '../billing/direct-charges.js';
import { followIntent } from '../billing/invoice-payments.js';
import { resolvePaymentMethod } from '../billing/payment-methods.js';
import { refundCharge, updateRefund } from '../billing/refunds.js';
import { invalidRequest } from '../core/errors.js';
import type { Scope } from '../core/scope.js';
import type { Kinds } from '../core/wire.js';
import { requirePayableAmount } from '../money/payable-amount.js';
import {
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

export const chargeRoutes: Route[] = [
  retrieve('/v1/charges/:id', 'charge'),
  route(
    'POST',
    '/v1/charges/:id',
    {
      customer: text,
      description: clearable(text),
      fraud_details: object({ user_report: oneOf('fraudulent', 'safe') }),
      metadata,
      receipt_email: clearable(text),
      transfer_group: text,
    },
    (scope, { metadata: sent, fraud_details, ...params }, id) => {
      const charge = scope.get('charge', id);
      const patch = {
        ...params,
        metadata: mergeMetadata(charge.metadata, sent),
        ...(fraud_details && { fraud_details: { ...charge.fraud_details, ...fraud_details } }),
      };
      return scope.update('charge', charge, patch, 'charge.updated');
    },
  ),
  route(
    'POST',
    '/v1/charges/:id/capture',
    { amount: int, receipt_email: text, statement_descriptor: text, transfer_group: text },
    (outer, { amount, ...params }, id) => {
      const charge = outer.get('charge', id);
      const scope = outer.forCustomer(charge.customer);
      scope.update('charge', charge, params);
      const captured = captureCharge(scope, scope.get('charge', id), amount);
      const intent = scope.maybe('payment_intent', charge.payment_intent ?? '');
      if (intent) followIntent(scope, intent);
      return captured;
    },
  ),
  route(
    'POST',
    '/v1/charges',
    {
      amount: required(int),
      capture: bool,
      currency: required(currency),
      customer: text,
      description: text,
      metadata,
      receipt_email: text,
      source: text,
      statement_descriptor: text,
      transfer_group: text,
    },
    (outer, { capture, source, ...params }) => {
      requirePayableAmount(params.amount, params.currency);
      const customer = params.customer === undefined ? null : outer.get('customer', params.customer, 'customer').id;
      const scope = outer.forCustomer(customer);
      const fields = {
        amount: params.amount,
        currency: params.currency,
        customer,
        description: params.description ?? null,
        metadata: mergeMetadata({}, params.metadata),
        receipt_email: params.receipt_email ?? null,
        source: sourceFor(scope, source),
        statement_descriptor: params.statement_descriptor ?? null,
        transfer_group: params.transfer_group ?? null,
      };
      return chargeDirectly(scope, fields, capture ?? true);
    },
  ),
  listing(
    '/v1/charges',
    'charge',
    { customer: text, payment_intent: text, transfer_group: text },
    (row, params) =>
      same(row.customer, params.customer) &&
      same(row.payment_intent, params.payment_intent) &&
      same(row.transfer_group, params.transfer_group),
  ),
];

/** A token, a card of the customer or a legacy source. */
function sourceFor(scope: Scope, sent: string | undefined): string | null {
  if (sent === undefined) return null;
  return scope.maybe('source', sent)?.id ?? resolvePaymentMethod(scope, sent);
}

function chargeOf(scope: Scope, params: { charge?: string; payment_intent?: string }): Kinds['charge'] {
  if (params.charge !== undefined) return scope.get('charge', params.charge, 'charge');
  if (params.payment_intent === undefined) {
    throw invalidRequest('One of the following params should be provided for this request: payment_intent or charge.', {
      code: 'parameter_missing',
    });
  }
  const intent = scope.get('payment_intent', params.payment_intent, 'payment_intent');
  if (intent.latest_charge) return scope.get('charge', intent.latest_charge, 'payment_intent');
  throw invalidRequest(`This PaymentIntent (${intent.id}) does not have a successful charge to refund.`, {
    param: 'payment_intent',
  });
}

export const refundRoutes: Route[] = [
  route(
    'POST',
    '/v1/refunds',
    {
      amount: int,
      charge: text,
      payment_intent: text,
      metadata,
      reason: oneOf('duplicate', 'fraudulent', 'requested_by_customer'),
    },
    (outer, params) => {
      const charge = chargeOf(outer, params);
      const scope = outer.forCustomer(charge.customer);
      return refundCharge(scope, charge, { ...params, metadata: mergeMetadata({}, params.metadata) });
    },
  ),
  retrieve('/v1/refunds/:id', 'refund'),
  // Only refunds that wait for the customer's bank details can be called back, and cards never do.
  route('POST', '/v1/refunds/:id/cancel', {}, (scope, _params, id) => {
    const { status } = scope.get('refund', id);
    throw invalidRequest(`Refund ${id} is ${status ?? ''}; only one that requires action can be canceled.`, {
      code: 'status_transition_invalid',
    });
  }),
  route('POST', '/v1/refunds/:id', { metadata }, (scope, params, id) => {
    const refund = scope.get('refund', id);
    return updateRefund(scope, refund, { metadata: mergeMetadata(refund.metadata, params.metadata) });
  }),
  listing(
    '/v1/refunds',
    'refund',
    { charge: text, payment_intent: text },
    (row, params) => same(row.charge, params.charge) && same(row.payment_intent, params.payment_intent),
  ),
];

export const earlyFraudWarningRoutes: Route[] = [
  retrieve('/v1/radar/early_fraud_warnings/:id', 'radar.early_fraud_warning'),
  listing(
    '/v1/radar/early_fraud_warnings',
    'radar.early_fraud_warning',
    { charge: text, payment_intent: text },
    (row, params) => same(row.charge, params.charge) && same(row.payment_intent, params.payment_intent),
  ),
];
