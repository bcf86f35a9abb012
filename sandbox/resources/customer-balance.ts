import { changeBalance } from '../billing/customer-balance.js';
import { invalidRequest, noSuch } from '../core/errors.js';
import type { Scope } from '../core/scope.js';
import type { Kinds } from '../core/wire.js';
import { newestFirst, page, paging } from '../http/listing.js';
import { clearable, currency, int, mergeMetadata, metadata, required, text } from '../http/params.js';
import { route, same, type Route } from '../http/router.js';

const PATH = '/v1/customers/:id/balance_transactions';

function transactionOf(scope: Scope, customer: string, id: string): Kinds['customer_balance_transaction'] {
  const found = scope.maybe('customer_balance_transaction', id);
  if (found?.customer !== customer) throw noSuch('customer balance transaction', id);
  return found;
}

export const customerBalanceRoutes: Route[] = [
  route(
    'POST',
    PATH,
    { amount: required(int), currency: required(currency), description: text, metadata },
    (scope, { amount, currency: code, description, metadata: sent }, id) => {
      const customer = scope.get('customer', id);
      if (customer.currency !== null && customer.currency !== code) {
        throw invalidRequest(`The customer's currency is ${customer.currency}.`, { param: 'currency' });
      }
      const change = {
        amount,
        currency: code,
        type: 'adjustment' as const,
        description,
        metadata: mergeMetadata({}, sent),
      };
      return changeBalance(scope.forCustomer(id), customer, change);
    },
  ),
  route('GET', PATH, { ...paging, invoice: text }, (scope, params, id) => {
    const customer = scope.get('customer', id);
    const rows = scope.all(
      'customer_balance_transaction',
      (row) => row.customer === customer.id && same(row.invoice, params.invoice),
    );
    return page(newestFirst(rows), params, `/v1/customers/${id}/balance_transactions`, 'balance transaction');
  }),
  route('GET', `${PATH}/:second`, {}, (scope, _params, id, second) => transactionOf(scope, id, second)),
  // A record of money: only its words can change, and Stripe has no event for that.
  route(
    'POST',
    `${PATH}/:second`,
    { description: clearable(text), metadata },
    (scope, { description, metadata: sent }, id, second) => {
      const row = transactionOf(scope, id, second);
      return scope.update('customer_balance_transaction', row, {
        ...(description !== undefined && { description }),
        metadata: mergeMetadata(row.metadata, sent),
      });
    },
  ),
];
