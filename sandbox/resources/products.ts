import { invalidRequest } from '../core/errors.js';
import { bool, clearable, list, mergeMetadata, metadata, object, required, text } from '../http/params.js';
import { listing, retrieve, route, same, type Route } from '../http/router.js';
import { recurring } from './shared.js';
import { createPrice, createProduct } from '../billing/catalog.js';
import { currency, decimalText, int, oneOf } from '../http/params.js';

const fields = {
  active: bool,
  description: clearable(text),
  images: list(text),
  metadata,
  shippable: bool,
  statement_descriptor: clearable(text),
  tax_code: clearable(text),
  unit_label: clearable(text),
  url: clearable(text),
};

const defaultPriceData = object({
  currency: required(currency),
  recurring,
  unit_amount: int,
  unit_amount_decimal: decimalText,
  tax_behavior: oneOf('exclusive', 'inclusive', 'unspecified'),
  metadata,
});

export const productRoutes: Route[] = [
  route(
    'POST',
    '/v1/products',
    { ...fields, name: required(text), id: text, type: oneOf('good', 'service'), default_price_data: defaultPriceData },
    (scope, { default_price_data, metadata: sent, ...params }) => {
      if (params.id !== undefined && scope.maybe('product', params.id)) {
        throw invalidRequest(`Product already exists.`, { code: 'resource_already_exists', param: 'id' });
      }
      const product = createProduct(scope, { ...params, metadata: mergeMetadata({}, sent) });
      if (!default_price_data) return product;
      const price = createPrice(scope, product.id, default_price_data);
      return scope.update('product', product, { default_price: price.id }, 'product.updated');
    },
  ),
  retrieve('/v1/products/:id', 'product'),
  route(
    'POST',
    '/v1/products/:id',
    { ...fields, name: text, default_price: text },
    (scope, { metadata: sent, ...params }, id) => {
      const product = scope.get('product', id);
      if (params.default_price !== undefined) scope.get('price', params.default_price, 'default_price');
      const patch = { ...params, metadata: mergeMetadata(product.metadata, sent), updated: scope.now };
      return scope.update('product', product, patch, 'product.updated');
    },
  ),
  route('DELETE', '/v1/products/:id', {}, (scope, _params, id) => {
    const product = scope.get('product', id);
    if (scope.all('price', (price) => price.product === id).length > 0) {
      throw invalidRequest('This product cannot be deleted because it has one or more user-created prices.', {
        param: 'id',
      });
    }
    return scope.remove('product', product, 'product.deleted');
  }),
  listing(
    '/v1/products',
    'product',
    { active: bool, ids: list(text), shippable: bool, url: text, type: text },
    (row, params) =>
      same(row.active, params.active) &&
      same(row.shippable, params.shippable) &&
      same(row.url, params.url) &&
      same(row.type, params.type) &&
      (params.ids === undefined || params.ids.includes(row.id)),
  ),
];
