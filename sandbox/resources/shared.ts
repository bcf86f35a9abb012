import { NO_ADDRESS } from '../billing/defaults.js';
import {
  clearable,
  int,
  object,
  oneOf,
  text,
  list,
  decimalText,
  currency,
  required,
  type Param,
} from '../http/params.js';

const addressParts = object({
  city: clearable(text),
  country: clearable(text),
  line1: clearable(text),
  line2: clearable(text),
  postal_code: clearable(text),
  state: clearable(text),
});

/** An address is replaced as a whole: what was not sent is null. */
export const address: Param<{ [Part in keyof typeof NO_ADDRESS]: string | null }> = {
  read: (value, path) => ({ ...NO_ADDRESS, ...addressParts.read(value, path) }),
};

/** One entry of a `discounts` parameter; sent empty, it clears them. */
export const discounts = list(object({ coupon: text, promotion_code: text, discount: text }));

export const recurring = object({
  interval: required(oneOf('day', 'week', 'month', 'year')),
  interval_count: int,
  meter: text,
  usage_type: oneOf('licensed', 'metered'),
});

export const priceData = object({
  currency: required(currency),
  product: text,
  product_data: object({ name: required(text), description: text }),
  recurring,
  unit_amount: int,
  unit_amount_decimal: decimalText,
  tax_behavior: oneOf('exclusive', 'inclusive', 'unspecified'),
});
