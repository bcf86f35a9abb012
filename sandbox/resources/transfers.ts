import { createTransfer, reverseTransfer } from '../billing/transfers.js';
import { noSuch } from '../core/errors.js';
import { newestFirst, page, paging } from '../http/listing.js';
import { bool, clearable, currency, int, mergeMetadata, metadata, oneOf, required, text } from '../http/params.js';
import { listing, retrieve, route, same, type Route } from '../http/router.js';

export const transferRoutes: Route[] = [
  route(
    'POST',
    '/v1/transfers',
    {
      amount: required(int),
      currency: required(currency),
      description: text,
      destination: required(text),
      metadata,
      source_transaction: text,
      source_type: oneOf('bank_account', 'card', 'fpx'),
      transfer_group: text,
    },
    (scope, params) =>
      createTransfer(scope, {
        amount: params.amount,
        currency: params.currency,
        description: params.description,
        destination: params.destination,
        metadata: mergeMetadata({}, params.metadata),
        sourceTransaction: params.source_transaction,
        transferGroup: params.transfer_group,
      }),
  ),
  retrieve('/v1/transfers/:id', 'transfer'),
  route(
    'POST',
    '/v1/transfers/:id',
    { description: clearable(text), metadata },
    (scope, { metadata: sent, description }, id) => {
      const transfer = scope.get('transfer', id);
      const patch = {
        ...(description !== undefined && { description }),
        metadata: mergeMetadata(transfer.metadata, sent),
      };
      return scope.update('transfer', transfer, patch, 'transfer.updated');
    },
  ),
  listing(
    '/v1/transfers',
    'transfer',
    { destination: text, transfer_group: text },
    (row, params) => same(row.destination, params.destination) && same(row.transfer_group, params.transfer_group),
  ),
  route(
    'POST',
    '/v1/transfers/:id/reversals',
    { amount: int, description: text, metadata, refund_application_fee: bool },
    (scope, params, id) =>
      reverseTransfer(scope, scope.get('transfer', id), { ...params, metadata: mergeMetadata({}, params.metadata) }),
  ),
  route('GET', '/v1/transfers/:id/reversals', paging, (scope, params, id) => {
    scope.get('transfer', id);
    const rows = scope.all('transfer_reversal', ({ transfer }) => transfer === id);
    return page(newestFirst(rows), params, `/v1/transfers/${id}/reversals`, 'transfer reversal');
  }),
  route('GET', '/v1/transfers/:id/reversals/:second', {}, (scope, _params, id, second) => {
    const reversal = scope.get('transfer_reversal', second);
    if (reversal.transfer !== id) throw noSuch('transfer reversal', second);
    return reversal;
  }),
  route('POST', '/v1/transfers/:id/reversals/:second', { metadata }, (scope, params, id, second) => {
    scope.get('transfer', id);
    const reversal = scope.get('transfer_reversal', second);
    return scope.update('transfer_reversal', reversal, { metadata: mergeMetadata(reversal.metadata, params.metadata) });
  }),
];
