import { closeDispute } from '../billing/disputes.js';
import { refundCharge, updateRefund } from '../billing/refunds.js';
import { invalidRequest } from '../core/errors.js';
import type { Scope } from '../core/scope.js';
import type { Kinds } from '../core/wire.js';
import { clearable, int, mergeMetadata, metadata, object, oneOf, text } from '../http/params.js';
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

export const disputeRoutes: Route[] = [
  retrieve('/v1/disputes/:id', 'dispute'),
  route(
    'POST',
    '/v1/disputes/:id',
    { metadata, evidence: object({ uncategorized_text: text, product_description: text, customer_name: text }) },
    (scope, params, id) => {
      const dispute = scope.get('dispute', id);
      const patch = {
        metadata: mergeMetadata(dispute.metadata, params.metadata),
        ...(params.evidence && {
          evidence: { ...dispute.evidence, ...params.evidence },
          evidence_details: { ...dispute.evidence_details, has_evidence: true },
        }),
      };
      return scope.update('dispute', dispute, patch, 'charge.dispute.updated');
    },
  ),
  route('POST', '/v1/disputes/:id/close', {}, (scope, _params, id) =>
    closeDispute(scope, scope.get('dispute', id), 'lost'),
  ),
  listing(
    '/v1/disputes',
    'dispute',
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
