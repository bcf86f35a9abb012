import { expireSession } from '../billing/checkout-expiry.js';
import { checkoutFigures } from '../billing/checkout-figures.js';
import { invalidRequest } from '../core/errors.js';
import { stripeId } from '../core/ids.js';
import type { CheckoutRow, Kinds } from '../core/wire.js';
import { page, paging } from '../http/listing.js';
import { bool, currency, int, list, mergeMetadata, metadata, object, oneOf, required, text } from '../http/params.js';
import { listing, retrieve, route, same, type Route } from '../http/router.js';
import { inlinePrice } from '../billing/catalog.js';
import { priceData } from './shared.js';

type Session = Kinds['checkout.session'];

const LIFETIME_SECONDS = 86_400;

const shippingOption = object({
  shipping_rate: text,
  shipping_rate_data: object({
    display_name: required(text),
    fixed_amount: object({ amount: required(int), currency: required(currency) }),
    type: oneOf('fixed_amount'),
  }),
});

export const checkoutSessionRoutes: Route[] = [
  route(
    'POST',
    '/v1/checkout/sessions',
    {
      allow_promotion_codes: bool,
      cancel_url: text,
      client_reference_id: text,
      customer: text,
      customer_creation: oneOf('always', 'if_required'),
      customer_email: text,
      discounts: list(object({ coupon: text, promotion_code: text })),
      expires_at: int,
      line_items: required(list(object({ price: text, price_data: priceData, quantity: int, tax_rates: list(text) }))),
      metadata,
      mode: required(oneOf('payment', 'subscription')),
      payment_intent_data: object({
        description: text,
        metadata,
        setup_future_usage: oneOf('off_session', 'on_session'),
        transfer_group: text,
      }),
      allowed_payment_method_types: list(text),
      return_url: text,
      shipping_options: list(shippingOption),
      subscription_data: object({
        default_tax_rates: list(text),
        description: text,
        metadata,
        trial_end: int,
        trial_period_days: int,
      }),
      success_url: text,
    },
    (scope, params) => {
      if (params.allow_promotion_codes && params.discounts?.length) {
        throw invalidRequest('You may only specify one of these parameters: allow_promotion_codes, discounts.');
      }
      const customer = params.customer === undefined ? null : scope.get('customer', params.customer, 'customer');
      const id = stripeId('cs_test', 58);
      const shipping = params.shipping_options?.[0];
      const rate = shipping?.shipping_rate
        ? scope.get('shipping_rate', shipping.shipping_rate, 'shipping_options')
        : null;
      const { metadata: subscriptionMetadata, ...subscriptionData } = params.subscription_data ?? {};
      const row: CheckoutRow = {
        id,
        object: 'sandbox.checkout',
        created: scope.now,
        lines: params.line_items.map(({ price, price_data, quantity = 1, tax_rates = [] }) => ({
          id: stripeId('li'),
          price: scope.get(
            'price',
            price_data ? inlinePrice(scope, price_data).id : (price ?? ''),
            'line_items[0][price]',
          ).id,
          quantity,
          tax_rates,
        })),
        subscriptionData: { ...subscriptionData, metadata: mergeMetadata({}, subscriptionMetadata) },
        paymentIntentData: {
          ...params.payment_intent_data,
          metadata: mergeMetadata({}, params.payment_intent_data?.metadata),
        },
        shippingAmount: rate?.fixed_amount?.amount ?? shipping?.shipping_rate_data?.fixed_amount?.amount ?? 0,
      };
      requireFittingPrices(
        params.mode,
        row.lines.map(({ price }) => scope.get('price', price).type),
      );
      scope.insert('sandbox.checkout', row);
      const session: Session = {
        ...shell(id, params.mode, scope.now),
        ...checkoutFigures(scope, row, params.discounts ?? []).session,
        allow_promotion_codes: params.allow_promotion_codes ?? null,
        allowed_payment_method_types: params.allowed_payment_method_types ?? null,
        cancel_url: params.cancel_url ?? null,
        client_reference_id: params.client_reference_id ?? null,
        customer: customer?.id ?? null,
        customer_creation: params.mode === 'payment' ? (params.customer_creation ?? 'if_required') : null,
        customer_email: params.customer_email ?? null,
        customer_details: customer && {
          address: null,
          business_name: null,
          email: customer.email,
          individual_name: null,
          name: customer.name ?? null,
          phone: null,
          tax_exempt: 'none',
          tax_ids: null,
        },
        discounts: (params.discounts ?? []).map(({ coupon, promotion_code }) => ({
          coupon: coupon ?? null,
          promotion_code: promotion_code ?? null,
        })),
        expires_at: params.expires_at ?? scope.now + LIFETIME_SECONDS,
        metadata: mergeMetadata({}, params.metadata),
        success_url: params.success_url ?? null,
      };
      return scope.insert('checkout.session', session);
    },
  ),
  retrieve('/v1/checkout/sessions/:id', 'checkout.session'),
  route('POST', '/v1/checkout/sessions/:id', { metadata }, (scope, params, id) => {
    const session = scope.get('checkout.session', id);
    return scope.update('checkout.session', session, { metadata: mergeMetadata(session.metadata, params.metadata) });
  }),
  route('POST', '/v1/checkout/sessions/:id/expire', {}, (scope, _params, id) =>
    expireSession(scope, scope.get('checkout.session', id)),
  ),
  route('GET', '/v1/checkout/sessions/:id/line_items', paging, (scope, params, id) => {
    const items = sessionItems(scope.get('checkout.session', id), scope);
    return page(items, params, `/v1/checkout/sessions/${id}/line_items`, 'line item');
  }),
  listing(
    '/v1/checkout/sessions',
    'checkout.session',
    {
      customer: text,
      payment_intent: text,
      status: text,
      subscription: text,
      customer_details: object({ email: text }),
    },
    (row, params) =>
      same(row.customer, params.customer) &&
      same(row.payment_intent, params.payment_intent) &&
      same(row.status, params.status) &&
      same(row.subscription, params.subscription) &&
      same(row.customer_details?.email, params.customer_details?.email),
  ),
];

type ScopeOf = Parameters<Route['run']>[0];

/** Kept apart from the session, which shows them only on demand. */
export function sessionItems(session: Session, scope: ScopeOf) {
  const requests = (session.discounts ?? []).map(({ coupon, promotion_code }) =>
    promotion_code ? { promotion_code } : { coupon: coupon ?? '' },
  );
  const row = scope.get('sandbox.checkout', session.id);
  return row.items ?? checkoutFigures(scope, row, requests).items;
}

function requireFittingPrices(mode: 'payment' | 'subscription', types: readonly string[]): void {
  if (mode === 'payment' && types.includes('recurring')) {
    throw invalidRequest(
      'You specified `payment` mode but passed a recurring price. Either switch to `subscription` mode or use only one-time prices.',
      { param: 'line_items' },
    );
  }
  if (mode === 'subscription' && !types.includes('recurring')) {
    throw invalidRequest('You must provide at least one recurring price in `subscription` mode when using prices.', {
      param: 'line_items',
    });
  }
}

const shell = (id: string, mode: 'payment' | 'subscription', now: number) => ({
  id,
  object: 'checkout.session' as const,
  adaptive_pricing: null,
  after_expiration: null,
  allowed_payment_method_types: null,
  automatic_tax: { enabled: false, liability: null, provider: null, status: null },
  billing_address_collection: null,
  client_secret: null,
  collected_information: null,
  consent: null,
  consent_collection: null,
  created: now,
  currency_conversion: null,
  customer_account: null,
  custom_fields: [],
  custom_text: { after_submit: null, shipping_address: null, submit: null, terms_of_service_acceptance: null },
  integration_identifier: null,
  invoice: null,
  invoice_creation: null,
  livemode: false,
  locale: null,
  managed_payments: null,
  mode,
  origin_context: null,
  payment_intent: null,
  payment_link: null,
  payment_method_collection: mode === 'subscription' ? ('always' as const) : ('if_required' as const),
  payment_method_configuration_details: null,
  payment_method_options: { card: { request_three_d_secure: 'automatic' as const } },
  payment_method_types: ['card'],
  payment_status: 'unpaid' as const,
  permissions: null,
  recovered_from: null,
  saved_payment_method_options: null,
  setup_intent: null,
  shipping_address_collection: null,
  shipping_options: [],
  status: 'open' as const,
  submit_type: null,
  subscription: null,
  ui_mode: 'hosted_page' as const,
  url: `https://checkout.stripe.com/c/pay/${id}`,
  wallet_options: null,
});
