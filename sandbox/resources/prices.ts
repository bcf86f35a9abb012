import { createPrice, createProduct } from '../billing/catalog.js';
import { invalidRequest } from '../core/errors.js';
import type { Scope } from '../core/scope.js';
import {
  bool,
  clearable,
  currency,
  decimalText,
  list,
  int,
  mergeMetadata,
  metadata,
  object,
  oneOf,
  required,
  text,
  type Param,
} from '../http/params.js';
import { listing, retrieve, route, same, type Route } from '../http/router.js';
import { recurring } from './shared.js';

const upTo: Param<number | 'inf'> = {
  read: (value, path) => (value === 'inf' ? value : int.read(value, path)),
};

export const priceRoutes: Route[] = [
  route(
    'POST',
    '/v1/prices',
    {
      active: bool,
      billing_scheme: oneOf('per_unit', 'tiered'),
      currency: required(currency),
      lookup_key: text,
      metadata,
      nickname: text,
      product: text,
      product_data: object({ name: required(text), metadata }),
      recurring,
      tax_behavior: oneOf('exclusive', 'inclusive', 'unspecified'),
      tiers: list(object({ up_to: required(upTo), unit_amount: int, flat_amount: int })),
      tiers_mode: oneOf('graduated', 'volume'),
      transfer_lookup_key: bool,
      unit_amount: int,
      unit_amount_decimal: decimalText,
    },
    (scope, params) => {
      if (params.product === undefined && !params.product_data) {
        throw invalidRequest('Missing required param: product.', { code: 'parameter_missing', param: 'product' });
      }
      takeLookupKey(scope, params.lookup_key, params.transfer_lookup_key ?? false);
      const product =
        params.product === undefined
          ? createProduct(scope, {
              name: params.product_data?.name ?? '',
              metadata: params.product_data?.metadata ?? {},
            })
          : scope.get('product', params.product, 'product');
      return createPrice(scope, product.id, params, {
        active: params.active ?? true,
        lookup_key: params.lookup_key ?? null,
        nickname: params.nickname ?? null,
      });
    },
  ),
  retrieve('/v1/prices/:id', 'price'),
  route(
    'POST',
    '/v1/prices/:id',
    {
      active: bool,
      lookup_key: text,
      metadata,
      nickname: clearable(text),
      tax_behavior: oneOf('exclusive', 'inclusive', 'unspecified'),
      transfer_lookup_key: bool,
    },
    (scope, { metadata: sent, transfer_lookup_key, ...params }, id) => {
      const price = scope.get('price', id);
      takeLookupKey(scope, params.lookup_key, transfer_lookup_key ?? false);
      return scope.update(
        'price',
        price,
        { ...params, metadata: mergeMetadata(price.metadata, sent) },
        'price.updated',
      );
    },
  ),
  listing(
    '/v1/prices',
    'price',
    {
      active: bool,
      currency,
      product: text,
      type: oneOf('one_time', 'recurring'),
      lookup_keys: list(text),
      recurring: object({ interval: text, usage_type: text }),
    },
    (row, params) =>
      same(row.active, params.active) &&
      same(row.currency, params.currency) &&
      same(row.product, params.product) &&
      same(row.type, params.type) &&
      same(row.recurring?.interval, params.recurring?.interval) &&
      (params.lookup_keys === undefined || params.lookup_keys.includes(row.lookup_key ?? '')),
  ),
];

function takeLookupKey(scope: Scope, key: string | undefined, transfers: boolean): void {
  if (key === undefined) return;
  const [holder] = scope.all('price', (price) => price.lookup_key === key);
  if (!holder) return;
  if (!transfers)
    throw invalidRequest(`A price (\`${holder.id}\`) already uses that lookup key.`, { param: 'lookup_key' });
  scope.update('price', holder, { lookup_key: null }, 'price.updated');
}
