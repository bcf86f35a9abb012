import { stripeId } from '../core/ids.js';
import type { Scope } from '../core/scope.js';
import type { Kinds } from '../core/wire.js';
import { balanceObject, moveBalance, settlePending } from '../money/balance.js';
import { clearable, currency, int, mergeMetadata, metadata, required, text } from '../http/params.js';
import { listing, retrieve, route, same, type Route } from '../http/router.js';

export interface TopupFields {
  amount: number;
  currency: string;
  description?: string | null;
  metadata?: Record<string, string>;
  statement_descriptor?: string;
  transfer_group?: string;
}

/** Funds from the platform's bank, there at once. */
export function topUp(scope: Scope, fields: TopupFields): Kinds['topup'] {
  const id = stripeId('tu');
  const { amount, currency: code, description = null } = fields;
  const movement = {
    type: 'topup' as const,
    amount,
    currency: code,
    source: id,
    reportingCategory: 'topup',
    description,
  };
  const transaction = moveBalance(scope, movement);
  const pending: Kinds['topup'] = {
    id,
    object: 'topup',
    amount,
    balance_transaction: null,
    created: scope.now,
    currency: code,
    description,
    expected_availability_date: scope.now,
    failure_code: null,
    failure_message: null,
    initiated_by: 'user',
    livemode: false,
    metadata: fields.metadata ?? {},
    source: null,
    statement_descriptor: fields.statement_descriptor ?? null,
    status: 'pending',
    transfer_group: fields.transfer_group ?? null,
  };
  scope.insert('topup', pending, 'topup.created');
  const topup = scope.update('topup', pending, { balance_transaction: transaction.id, status: 'succeeded' });
  scope.emit('topup.succeeded', topup);
  scope.emit('balance.available', balanceObject(scope));
  return topup;
}

export const balanceRoutes: Route[] = [
  route('GET', '/v1/balance', {}, (scope) => balanceObject(scope)),
  route('GET', '/v1/balance_transactions/:id', {}, (scope, _params, id) => {
    settlePending(scope);
    return scope.get('balance_transaction', id);
  }),
  listing(
    '/v1/balance_transactions',
    'balance_transaction',
    { currency, payout: text, source: text, type: text },
    (row, params) =>
      same(row.currency, params.currency) &&
      same(row.source, params.source) &&
      same(row.type, params.type) &&
      // Only a payout's own line is known to belong to it: the sandbox pays out by hand, not automatically.
      same(row.source, params.payout),
  ),
  route(
    'POST',
    '/v1/topups',
    {
      amount: required(int),
      currency: required(currency),
      description: text,
      metadata,
      statement_descriptor: text,
      transfer_group: text,
    },
    (scope, params) => topUp(scope, { ...params, metadata: mergeMetadata({}, params.metadata) }),
  ),
  retrieve('/v1/topups/:id', 'topup'),
  route(
    'POST',
    '/v1/topups/:id',
    { description: clearable(text), metadata },
    (scope, { description, metadata: sent }, id) => {
      const topup = scope.get('topup', id);
      const patch = {
        ...(description !== undefined && { description }),
        metadata: mergeMetadata(topup.metadata, sent),
      };
      return scope.update('topup', topup, patch);
    },
  ),
  listing(
    '/v1/topups',
    'topup',
    { amount: int, status: text },
    (row, params) => same(row.amount, params.amount) && same(row.status, params.status),
  ),
];
