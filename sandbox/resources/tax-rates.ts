import { stripeId } from '../core/ids.js';
import {
  bool,
  currency,
  decimal,
  int,
  mergeMetadata,
  metadata,
  object,
  oneOf,
  required,
  text,
} from '../http/params.js';
import { listing, retrieve, route, same, type Route } from '../http/router.js';

const words = { country: text, description: text, jurisdiction: text, state: text };

export const taxRateRoutes: Route[] = [
  route(
    'POST',
    '/v1/tax_rates',
    {
      ...words,
      active: bool,
      display_name: required(text),
      inclusive: required(bool),
      metadata,
      percentage: required(decimal),
    },
    (scope, { metadata: sent, ...params }) =>
      scope.insert(
        'tax_rate',
        {
          id: stripeId('txr'),
          object: 'tax_rate',
          active: params.active ?? true,
          country: params.country ?? null,
          created: scope.now,
          description: params.description ?? null,
          display_name: params.display_name,
          effective_percentage: params.percentage,
          flat_amount: null,
          inclusive: params.inclusive,
          jurisdiction: params.jurisdiction ?? null,
          jurisdiction_level: null,
          livemode: false,
          metadata: mergeMetadata({}, sent),
          percentage: params.percentage,
          rate_type: 'percentage',
          state: params.state ?? null,
          tax_type: null,
        },
        'tax_rate.created',
      ),
  ),
  retrieve('/v1/tax_rates/:id', 'tax_rate'),
  route(
    'POST',
    '/v1/tax_rates/:id',
    { ...words, active: bool, display_name: text, metadata },
    (scope, { metadata: sent, ...params }, id) => {
      const rate = scope.get('tax_rate', id);
      return scope.update(
        'tax_rate',
        rate,
        { ...params, metadata: mergeMetadata(rate.metadata, sent) },
        'tax_rate.updated',
      );
    },
  ),
  listing(
    '/v1/tax_rates',
    'tax_rate',
    { active: bool, inclusive: bool },
    (row, params) => same(row.active, params.active) && same(row.inclusive, params.inclusive),
  ),
];

export const shippingRateRoutes: Route[] = [
  route(
    'POST',
    '/v1/shipping_rates',
    {
      display_name: required(text),
      fixed_amount: object({ amount: required(int), currency: required(currency) }),
      metadata,
      tax_behavior: oneOf('exclusive', 'inclusive', 'unspecified'),
      type: oneOf('fixed_amount'),
    },
    (scope, params) =>
      scope.insert('shipping_rate', {
        id: stripeId('shr'),
        object: 'shipping_rate',
        active: true,
        created: scope.now,
        delivery_estimate: null,
        display_name: params.display_name,
        ...(params.fixed_amount && { fixed_amount: params.fixed_amount }),
        livemode: false,
        metadata: mergeMetadata({}, params.metadata),
        tax_behavior: params.tax_behavior ?? 'unspecified',
        tax_code: null,
        type: 'fixed_amount',
      }),
  ),
  retrieve('/v1/shipping_rates/:id', 'shipping_rate'),
  route('POST', '/v1/shipping_rates/:id', { active: bool, metadata }, (scope, { metadata: sent, ...params }, id) => {
    const rate = scope.get('shipping_rate', id);
    return scope.update('shipping_rate', rate, { ...params, metadata: mergeMetadata(rate.metadata, sent) });
  }),
  listing(
    '/v1/shipping_rates',
    'shipping_rate',
    { active: bool, currency },
    (row, params) => same(row.active, params.active) && same(row.fixed_amount?.currency, params.currency),
  ),
];
