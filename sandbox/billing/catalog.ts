import { invalidRequest, missingParam } from '../core/errors.js';
import { stripeId } from '../core/ids.js';
import type { Scope } from '../core/scope.js';
import type { Kinds } from '../core/wire.js';
import { mergeMetadata } from '../http/params.js';
import { keepTiers, readTiers, type TieredFields } from './price-tiers.js';

type Product = Kinds['product'];
type Price = Kinds['price'];

export function createProduct(scope: Scope, patch: Partial<Product> & { name: string }): Product {
  return scope.insert(
    'product',
    {
      id: stripeId('prod', 14),
      object: 'product',
      active: true,
      created: scope.now,
      default_price: null,
      description: null,
      images: [],
      livemode: false,
      marketing_features: [],
      metadata: {},
      package_dimensions: null,
      shippable: null,
      statement_descriptor: null,
      tax_code: null,
      tax_details: null,
      type: 'service',
      unit_label: null,
      updated: scope.now,
      url: null,
      ...patch,
    },
    'product.created',
  );
}

export interface PriceFields extends TieredFields {
  currency: string;
  unit_amount?: number;
  unit_amount_decimal?: string;
  recurring?: {
    interval: 'day' | 'week' | 'month' | 'year';
    interval_count?: number;
    meter?: string;
    usage_type?: 'licensed' | 'metered';
  };
  tax_behavior?: 'exclusive' | 'inclusive' | 'unspecified';
  metadata?: Record<string, string>;
}

export function createPrice(scope: Scope, product: string, fields: PriceFields, patch: Partial<Price> = {}): Price {
  const { interval, interval_count = 1, usage_type = 'licensed' } = fields.recurring ?? {};
  const meter = meterOf(scope, fields);
  const tiers = readTiers(fields);
  const unitAmount = tiers === null ? wholeUnits(fields) : null;
  const id = stripeId('price');
  if (tiers !== null) keepTiers(scope, id, tiers);
  return scope.insert(
    'price',
    {
      id,
      object: 'price',
      active: true,
      billing_scheme: tiers === null ? 'per_unit' : 'tiered',
      created: scope.now,
      currency: fields.currency,
      custom_unit_amount: null,
      livemode: false,
      lookup_key: null,
      metadata: mergeMetadata({}, fields.metadata),
      nickname: null,
      product,
      recurring: interval ? { interval, interval_count, meter, trial_period_days: null, usage_type } : null,
      tax_behavior: fields.tax_behavior ?? 'unspecified',
      tiers_mode: fields.tiers_mode ?? null,
      transform_quantity: null,
      type: interval ? 'recurring' : 'one_time',
      unit_amount: unitAmount,
      unit_amount_decimal: unitAmount === null ? null : String(unitAmount),
      ...patch,
    },
    'price.created',
  );
}

/** What counts the usage of a metered price. */
function meterOf(scope: Scope, { recurring }: PriceFields): string | null {
  if (recurring?.usage_type !== 'metered') return null;
  if (recurring.meter === undefined) throw missingParam('recurring[meter]');
  return scope.get('billing.meter', recurring.meter, 'recurring[meter]').id;
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
