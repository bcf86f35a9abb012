import { invalidRequest } from '../core/errors.js';
import { stripeId } from '../core/ids.js';
import type { Scope } from '../core/scope.js';
import type { Kinds } from '../core/wire.js';
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
} from '../http/params.js';
import { listing, retrieve, route, same, type Route } from '../http/router.js';
import { createProduct } from './products.js';
import { recurring } from './shared.js';

type Price = Kinds['price'];

export interface PriceFields {
  currency: string;
  unit_amount?: number;
  unit_amount_decimal?: string;
  recurring?: { interval: 'day' | 'week' | 'month' | 'year'; interval_count?: number };
  tax_behavior?: 'exclusive' | 'inclusive' | 'unspecified';
  metadata?: Record<string, string>;
}

export function createPrice(scope: Scope, product: string, fields: PriceFields, patch: Partial<Price> = {}): Price {
  const { interval, interval_count = 1 } = fields.recurring ?? {};
  const unitAmount = wholeUnits(fields);
  return scope.insert(
    'price',
    {
      id: stripeId('price'),
      object: 'price',
      active: true,
      billing_scheme: 'per_unit',
      created: scope.now,
      currency: fields.currency,
      custom_unit_amount: null,
      livemode: false,
      lookup_key: null,
      metadata: mergeMetadata({}, fields.metadata),
      nickname: null,
      product,
      recurring: interval
        ? { interval, interval_count, meter: null, trial_period_days: null, usage_type: 'licensed' }
        : null,
      tax_behavior: fields.tax_behavior ?? 'unspecified',
      tiers_mode: null,
      transform_quantity: null,
      type: interval ? 'recurring' : 'one_time',
      unit_amount: unitAmount,
      unit_amount_decimal: String(unitAmount),
      ...patch,
    },
    'price.created',
  );
}

/** The sandbox counts in whole minor units; it refuses fractions rather than round them its own way. */
function wholeUnits({ unit_amount, unit_amount_decimal }: PriceFields): number {
  const amount = unit_amount ?? Number(unit_amount_decimal ?? Number.NaN);
  if (Number.isNaN(amount)) {
    throw invalidRequest('Missing required param: unit_amount.', { code: 'parameter_missing', param: 'unit_amount' });
  }
  if (!Number.isSafeInteger(amount)) {
    throw invalidRequest(
      'The sandbox knows no prices in fractions of a minor unit.',
      { param: 'unit_amount_decimal' },
      501,
    );
  }
  return amount;
}

/** The price of an inline `price_data`: made on the spot, inactive as Stripe makes it. */
export function inlinePrice(
  scope: Scope,
  data: PriceFields & { product?: string; product_data?: { name: string; description?: string } },
): Price {
  if (data.product === undefined && !data.product_data) {
    throw invalidRequest('Missing required param: price_data[product].', {
      code: 'parameter_missing',
      param: 'price_data[product]',
    });
  }
  const product = data.product_data
    ? createProduct(scope, { ...data.product_data, active: false })
    : scope.get('product', data.product ?? '', 'price_data[product]');
  return createPrice(scope, product.id, data);
}

export const priceRoutes: Route[] = [
  route(
    'POST',
    '/v1/prices',
    {
      active: bool,
      currency: required(currency),
      lookup_key: text,
      metadata,
      nickname: text,
      product: text,
      product_data: object({ name: required(text), metadata }),
      recurring,
      tax_behavior: oneOf('exclusive', 'inclusive', 'unspecified'),
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
