import { createTaxId, deleteTaxId } from '../billing/tax-ids.js';
import { invalidRequest, noSuch } from '../core/errors.js';
import type { Scope } from '../core/scope.js';
import type { Kinds } from '../core/wire.js';
import { newestFirst, page, paging } from '../http/listing.js';
import { object, oneOf, required, text } from '../http/params.js';
import { retrieve, route, type Route } from '../http/router.js';

type TaxId = Kinds['tax_id'];

const fields = { type: required(text), value: required(text) };
const owner = { type: required(oneOf('customer', 'self')), customer: text };

export const taxIdsOf = (scope: Scope, customer: string): TaxId[] =>
  newestFirst(scope.all('tax_id', (row) => row.customer === customer));

function taxIdOf(scope: Scope, customer: string, id: string): TaxId {
  const taxId = scope.get('tax_id', id);
  if (taxId.customer !== customer) throw noSuch('tax_id', id);
  return taxId;
}

export const taxIdRoutes: Route[] = [
  route('POST', '/v1/customers/:id/tax_ids', fields, (scope, params, id) =>
    createTaxId(scope.forCustomer(id), { ...params, customer: scope.get('customer', id).id }),
  ),
  route('GET', '/v1/customers/:id/tax_ids', paging, (scope, params, id) =>
    page(taxIdsOf(scope, scope.get('customer', id).id), params, `/v1/customers/${id}/tax_ids`, 'tax_id'),
  ),
  route('GET', '/v1/customers/:id/tax_ids/:second', {}, (scope, _params, id, second) => taxIdOf(scope, id, second)),
  route('DELETE', '/v1/customers/:id/tax_ids/:second', {}, (scope, _params, id, second) =>
    deleteTaxId(scope, taxIdOf(scope, id, second)),
  ),
  route('POST', '/v1/tax_ids', { ...fields, owner: object(owner) }, (scope, params) => {
    if (params.owner?.type !== 'customer') return createTaxId(scope, params);
    const { customer } = params.owner;
    if (customer === undefined) {
      throw invalidRequest('Missing required param: owner[customer].', {
        code: 'parameter_missing',
        param: 'owner[customer]',
      });
    }
    return createTaxId(scope, { ...params, customer: scope.get('customer', customer, 'owner[customer]').id });
  }),
  retrieve('/v1/tax_ids/:id', 'tax_id'),
  route('DELETE', '/v1/tax_ids/:id', {}, (scope, _params, id) => deleteTaxId(scope, scope.get('tax_id', id))),
  route('GET', '/v1/tax_ids', { ...paging, owner: object(owner) }, (scope, params) => {
    const wanted = params.owner?.type === 'customer' ? params.owner.customer : null;
    const rows = scope.all('tax_id', (row) => row.customer === (wanted ?? null));
    return page(newestFirst(rows), params, '/v1/tax_ids', 'tax_id');
  }),
];
