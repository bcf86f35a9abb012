import { createPayout, settlePayout } from '../billing/payouts.js';
import { currency, inRange, int, mergeMetadata, metadata, oneOf, range, required, text } from '../http/params.js';
import { listing, retrieve, route, same, type Route } from '../http/router.js';

export const payoutRoutes: Route[] = [
  route(
    'POST',
    '/v1/payouts',
    {
      amount: required(int),
      currency: required(currency),
      description: text,
      metadata,
      method: oneOf('standard'),
      statement_descriptor: text,
    },
    (scope, params) =>
      createPayout(scope, {
        amount: params.amount,
        currency: params.currency,
        description: params.description,
        metadata: mergeMetadata({}, params.metadata),
        statementDescriptor: params.statement_descriptor,
      }),
  ),
  retrieve('/v1/payouts/:id', 'payout'),
  route('POST', '/v1/payouts/:id', { metadata }, (scope, params, id) => {
    const payout = scope.get('payout', id);
    return scope.update(
      'payout',
      payout,
      { metadata: mergeMetadata(payout.metadata, params.metadata) },
      'payout.updated',
    );
  }),
  route('POST', '/v1/payouts/:id/cancel', {}, (scope, _params, id) =>
    settlePayout(scope, scope.get('payout', id), 'canceled'),
  ),
  listing(
    '/v1/payouts',
    'payout',
    { arrival_date: range, destination: text, status: text },
    (row, params) =>
      same(row.destination, params.destination) &&
      same(row.status, params.status) &&
      (params.arrival_date === undefined || inRange(row.arrival_date, params.arrival_date)),
  ),
];
