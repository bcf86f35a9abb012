import { invalidRequest } from '../core/errors.js';
import { humanCode, stripeId } from '../core/ids.js';
import { bool, currency, int, mergeMetadata, metadata, object, oneOf, required, text } from '../http/params.js';
import { listing, retrieve, route, same, type Route } from '../http/router.js';

export const promotionCodeRoutes: Route[] = [
  route(
    'POST',
    '/v1/promotion_codes',
    {
      promotion: required(object({ type: required(oneOf('coupon')), coupon: text })),
      active: bool,
      code: text,
      customer: text,
      expires_at: int,
      max_redemptions: int,
      metadata,
      restrictions: object({ first_time_transaction: bool, minimum_amount: int, minimum_amount_currency: currency }),
    },
    (scope, params) => {
      const { promotion, restrictions } = params;
      if (promotion.coupon === undefined) {
        throw invalidRequest('Missing required param: promotion[coupon].', {
          code: 'parameter_missing',
          param: 'promotion[coupon]',
        });
      }
      const coupon = scope.get('coupon', promotion.coupon, 'promotion[coupon]');
      if (params.customer !== undefined) scope.get('customer', params.customer, 'customer');
      const code = params.code ?? humanCode(8);
      const taken = scope.all('promotion_code', (row) => row.active && row.code.toLowerCase() === code.toLowerCase());
      if (taken.length > 0 && params.active !== false) {
        throw invalidRequest(`An active promotion code with \`code: ${code}\` already exists.`, { param: 'code' });
      }
      return scope.insert(
        'promotion_code',
        {
          id: stripeId('promo'),
          object: 'promotion_code',
          active: params.active !== false,
          code,
          created: scope.now,
          customer: params.customer ?? null,
          customer_account: null,
          expires_at: params.expires_at ?? null,
          livemode: false,
          max_redemptions: params.max_redemptions ?? null,
          metadata: mergeMetadata({}, params.metadata),
          promotion: { coupon: coupon.id, type: 'coupon' },
          restrictions: {
            first_time_transaction: restrictions?.first_time_transaction === true,
            minimum_amount: restrictions?.minimum_amount ?? null,
            minimum_amount_currency: restrictions?.minimum_amount_currency ?? null,
          },
          times_redeemed: 0,
        },
        'promotion_code.created',
      );
    },
  ),
  retrieve('/v1/promotion_codes/:id', 'promotion_code'),
  route('POST', '/v1/promotion_codes/:id', { active: bool, metadata }, (scope, { active, metadata: sent }, id) => {
    const code = scope.get('promotion_code', id);
    const patch = { ...(active !== undefined && { active }), metadata: mergeMetadata(code.metadata, sent) };
    return scope.update('promotion_code', code, patch, 'promotion_code.updated');
  }),
  listing(
    '/v1/promotion_codes',
    'promotion_code',
    { active: bool, code: text, coupon: text, customer: text },
    (row, params) =>
      same(row.active, params.active) &&
      (params.code === undefined || row.code.toLowerCase() === params.code.toLowerCase()) &&
      same(row.promotion.coupon, params.coupon) &&
      same(row.customer, params.customer),
  ),
];
