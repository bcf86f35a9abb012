import { addSource, createSource, removeSource, sourceOf, sourcesOf } from '../billing/sources.js';
import { invalidRequest } from '../core/errors.js';
import { page, paging } from '../http/listing.js';
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
import { retrieve, route, same, type Route } from '../http/router.js';

const PATH = '/v1/customers/:id/sources';
const fields = { exp_month: int, exp_year: int, name: clearable(text), metadata };
/** The cents that Stripe's test bank puts on the statement. */
const MICRODEPOSITS = [32, 45];

export const customerSourceRoutes: Route[] = [
  route('POST', PATH, { source: required(text), metadata }, (scope, params, id) =>
    addSource(scope.forCustomer(id), scope.get('customer', id), params.source, mergeMetadata({}, params.metadata)),
  ),
  route('GET', PATH, { ...paging, object: text }, (scope, params, id) => {
    const rows = sourcesOf(scope, scope.get('customer', id).id).filter((row) => same(row.object, params.object));
    return page(rows, params, `/v1/customers/${id}/sources`, 'source');
  }),
  route('GET', `${PATH}/:second`, {}, (scope, _params, id, second) => sourceOf(scope, id, second)),
  route('POST', `${PATH}/:second`, { ...fields, account_holder_name: text }, (scope, params, id, second) => {
    const source = sourceOf(scope, id, second);
    const { metadata: sent, account_holder_name: holder, ...card } = params;
    const loose = { metadata: mergeMetadata(source.metadata ?? {}, sent) };
    const event = 'customer.source.updated';
    if (source.object === 'source') return scope.update('source', source, loose, event);
    if (source.object === 'card') return scope.update('card', source, { ...loose, ...cardPatch(card) }, event);
    return scope.update('bank_account', source, { ...loose, ...(holder && { account_holder_name: holder }) }, event);
  }),
  route('POST', `${PATH}/:second/verify`, { amounts: list(int) }, (scope, { amounts }, id, second) => {
    const source = sourceOf(scope, id, second);
    if (source.object !== 'bank_account') throw invalidRequest(`${second} is no bank account.`, { param: 'id' });
    if (source.status === 'verified') {
      throw invalidRequest('This bank account has already been verified.', {
        code: 'bank_account_verification_failed',
      });
    }
    if (JSON.stringify([...(amounts ?? [])].sort((a, b) => a - b)) !== JSON.stringify(MICRODEPOSITS)) {
      throw invalidRequest('The amounts provided do not match the amounts that were sent to the bank account.', {
        code: 'bank_account_verification_failed',
        param: 'amounts',
      });
    }
    return scope.update('bank_account', source, { status: 'verified' }, 'customer.source.updated');
  }),
  route('DELETE', `${PATH}/:second`, {}, (scope, _params, id, second) =>
    removeSource(scope.forCustomer(id), scope.get('customer', id), sourceOf(scope, id, second)),
  ),
  route(
    'POST',
    '/v1/sources',
    {
      currency,
      metadata,
      owner: object({ email: text, name: text }),
      type: required(oneOf('card', 'sepa_debit')),
      sepa_debit: object({ iban: text }),
      token: text,
      usage: oneOf('reusable', 'single_use'),
    },
    (scope, params) =>
      createSource(scope, {
        type: params.type,
        currency: params.currency,
        email: params.owner?.email,
        metadata: mergeMetadata({}, params.metadata),
      }),
  ),
  retrieve('/v1/sources/:id', 'source'),
  route('POST', '/v1/sources/:id', { metadata }, (scope, params, id) => {
    const source = scope.get('source', id);
    return scope.update('source', source, { metadata: mergeMetadata(source.metadata, params.metadata) });
  }),
];

function cardPatch({ exp_month, exp_year, name }: { exp_month?: number; exp_year?: number; name?: string | null }) {
  return {
    ...(exp_month !== undefined && { exp_month }),
    ...(exp_year !== undefined && { exp_year }),
    ...(name !== undefined && { name }),
  };
}
