import { isValid } from '../billing/discounts.js';
import { invalidRequest } from '../core/errors.js';
import { randomText } from '../core/ids.js';
import {
  clearable,
  currency,
  decimal,
  int,
  list,
  mergeMetadata,
  metadata,
  object,
  oneOf,
  text,
} from '../http/params.js';
import { listing, route, type Route } from '../http/router.js';

export const couponRoutes: Route[] = [
  route(
    'POST',
    '/v1/coupons',
    {
      id: text,
      amount_off: int,
      applies_to: object({ products: list(text) }),
      currency,
      duration: oneOf('forever', 'once', 'repeating'),
      duration_in_months: int,
      max_redemptions: int,
      metadata,
      name: text,
      percent_off: decimal,
      redeem_by: int,
    },
    (scope, params) => {
      const { percent_off = null, amount_off = null, duration = 'once' } = params;
      if ((percent_off === null) === (amount_off === null)) {
        throw invalidRequest('You must pass either percent_off or amount_off, and not both.', { param: 'percent_off' });
      }
      if (percent_off !== null && (percent_off <= 0 || percent_off > 100)) {
        throw invalidRequest('Invalid percent_off: must be above 0 and at most 100.', { param: 'percent_off' });
      }
      if (amount_off !== null && params.currency === undefined) {
        throw invalidRequest('You must pass currency when passing amount_off', {
          param: 'currency',
          code: 'parameter_missing',
        });
      }
      if ((duration === 'repeating') !== (params.duration_in_months !== undefined)) {
        throw invalidRequest('duration_in_months goes with duration repeating, and must then be given.', {
          param: 'duration_in_months',
        });
      }
      if (params.id !== undefined && scope.maybe('coupon', params.id)) {
        throw invalidRequest('Coupon already exists.', { code: 'resource_already_exists', param: 'id' });
      }
      return scope.insert(
        'coupon',
        {
          id: params.id ?? randomText(8),
          object: 'coupon',
          amount_off,
          ...(params.applies_to?.products && { applies_to: { products: params.applies_to.products } }),
          created: scope.now,
          currency: amount_off === null ? null : (params.currency ?? null),
          duration,
          duration_in_months: params.duration_in_months ?? null,
          livemode: false,
          max_redemptions: params.max_redemptions ?? null,
          metadata: mergeMetadata({}, params.metadata),
          name: params.name ?? null,
          percent_off,
          redeem_by: params.redeem_by ?? null,
          times_redeemed: 0,
          valid: true,
        },
        'coupon.created',
      );
    },
  ),
  route('GET', '/v1/coupons/:id', {}, (scope, _params, id) => {
    const coupon = scope.get('coupon', id);
    return { ...coupon, valid: isValid(coupon, scope.now) };
  }),
  route('POST', '/v1/coupons/:id', { metadata, name: clearable(text) }, (scope, { metadata: sent, name }, id) => {
    const coupon = scope.get('coupon', id);
    const patch = { ...(name !== undefined && { name }), metadata: mergeMetadata(coupon.metadata, sent) };
    return scope.update('coupon', coupon, patch, 'coupon.updated');
  }),
  route('DELETE', '/v1/coupons/:id', {}, (scope, _params, id) =>
    scope.remove('coupon', scope.get('coupon', id), 'coupon.deleted'),
  ),
  listing('/v1/coupons', 'coupon', {}, () => true),
];
