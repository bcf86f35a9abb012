import { creditBalance, endGrant, grantCredits } from '../billing/credits.js';
import { invalidRequest } from '../core/errors.js';
import { stripeId } from '../core/ids.js';
import {
  clearable,
  currency,
  int,
  list,
  mergeMetadata,
  metadata,
  object,
  oneOf,
  required,
  text,
} from '../http/params.js';
import { retrieve, route, type Route } from '../http/router.js';

const PATH = '/v1/billing/credit_grants';

export const billingCreditRoutes: Route[] = [
  route(
    'POST',
    PATH,
    {
      amount: required(
        object({
          monetary: required(object({ currency: required(currency), value: required(int) })),
          type: required(oneOf('monetary')),
        }),
      ),
      applicability_config: required(
        object({
          scope: required(object({ price_type: oneOf('metered'), prices: list(object({ id: required(text) })) })),
        }),
      ),
      category: oneOf('paid', 'promotional'),
      customer: required(text),
      effective_at: int,
      expires_at: int,
      metadata,
      name: text,
      priority: int,
    },
    (outer, params) => {
      const customer = outer.get('customer', params.customer, 'customer');
      const scope = outer.forCustomer(customer.id);
      if (params.amount.monetary.value < 1) {
        throw invalidRequest('Invalid positive integer', {
          code: 'parameter_invalid_integer',
          param: 'amount[monetary][value]',
        });
      }
      const { price_type, prices } = params.applicability_config.scope;
      return grantCredits(scope, {
        id: stripeId('credgr'),
        object: 'billing.credit_grant',
        amount: params.amount,
        applicability_config: { scope: { ...(price_type && { price_type }), ...(prices && { prices }) } },
        category: params.category ?? 'paid',
        created: scope.now,
        customer: customer.id,
        customer_account: null,
        effective_at: params.effective_at ?? scope.now,
        expires_at: params.expires_at ?? null,
        livemode: false,
        metadata: mergeMetadata({}, params.metadata),
        name: params.name ?? null,
        priority: params.priority ?? 50,
        test_clock: customer.test_clock ?? null,
        updated: scope.now,
        voided_at: null,
      });
    },
  ),
  retrieve(`${PATH}/:id`, 'billing.credit_grant'),
  route('POST', `${PATH}/:id`, { expires_at: clearable(int), metadata }, (scope, params, id) => {
    const grant = scope.get('billing.credit_grant', id);
    const patch = {
      ...(params.expires_at !== undefined && { expires_at: params.expires_at }),
      metadata: mergeMetadata(grant.metadata, params.metadata),
      updated: scope.now,
    };
    return scope.update('billing.credit_grant', grant, patch, 'billing.credit_grant.updated');
  }),
  route('POST', `${PATH}/:id/void`, {}, (scope, _params, id) =>
    endGrant(scope, scope.get('billing.credit_grant', id), 'void'),
  ),
  route('POST', `${PATH}/:id/expire`, {}, (scope, _params, id) =>
    endGrant(scope, scope.get('billing.credit_grant', id), 'expire'),
  ),
  route(
    'GET',
    '/v1/billing/credit_balance_summary',
    {
      customer: required(text),
      filter: required(
        object({
          credit_grant: text,
          type: required(oneOf('applicability_scope', 'credit_grant')),
          applicability_scope: object({ price_type: text }),
        }),
      ),
    },
    (scope, { customer, filter }) => ({
      object: 'billing.credit_balance_summary',
      balances: creditBalance(scope, scope.get('customer', customer, 'customer').id, filter.credit_grant),
      customer,
      customer_account: null,
      livemode: false,
    }),
  ),
];
