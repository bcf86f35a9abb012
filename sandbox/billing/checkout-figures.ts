import type Stripe from 'stripe';
import { invalidRequest } from '../core/errors.js';
import type { Scope } from '../core/scope.js';
import type { CheckoutRow, Kinds, Wire } from '../core/wire.js';
import { invoiceFigures, type DiscountRule } from '../money/invoice-math.js';
import { requireCoupon, requirePromotionCode, type DiscountRequest } from './discounts.js';
import { taxRule } from './invoice-draft.js';
import { amountFor } from './price-tiers.js';
import { isMetered } from './subscription-items.js';

export interface CheckoutFigures {
  session: Pick<
    Kinds['checkout.session'],
    'amount_subtotal' | 'amount_total' | 'currency' | 'total_details' | 'shipping_cost'
  >;
  items: Wire<Stripe.LineItem>[];
}

/** The session's amounts and line items, with discounts that are not redeemed yet. A trial costs nothing today. */
export function checkoutFigures(
  scope: Scope,
  row: Pick<CheckoutRow, 'lines' | 'shippingAmount' | 'subscriptionData'>,
  discounts: readonly DiscountRequest[],
): CheckoutFigures {
  const lines = row.lines.map((line) => ({ ...line, price: scope.get('price', line.price, 'line_items[0][price]') }));
  const currency = lines[0]?.price.currency ?? 'usd';
  if (lines.some(({ price }) => price.currency !== currency)) {
    throw invalidRequest('All line items must have the same currency.', { param: 'line_items' });
  }
  const trial = row.subscriptionData.trial_end !== undefined || row.subscriptionData.trial_period_days !== undefined;
  const dueToday = (price: Kinds['price'], quantity: number): number =>
    (trial && price.recurring) || isMetered(price) ? 0 : amountFor(scope, price, quantity);
  const defaults = row.subscriptionData.default_tax_rates ?? [];
  const figures = invoiceFigures({
    lines: lines.map(({ price, quantity, tax_rates }) => ({
      amount: dueToday(price, quantity),
      product: price.product,
      discountable: true,
      discounts: [],
      taxes: (tax_rates.length > 0 ? tax_rates : defaults).map((rate) => taxRule(scope, rate)),
    })),
    discounts: discounts.map((request) => futureRule(scope, request, currency)),
    shippingAmount: row.shippingAmount,
    shippingTaxes: defaults.map((rate) => taxRule(scope, rate)),
  });
  const sum = (parts: readonly { amount: number }[]): number => parts.reduce((total, { amount }) => total + amount, 0);
  const items = lines.map(({ id, price, quantity }, index): Wire<Stripe.LineItem> => {
    const line = figures.lines[index] ?? { discounts: [], taxes: [] };
    const subtotal = dueToday(price, quantity);
    const outside = sum(line.taxes.filter(({ inclusive }) => !inclusive));
    return {
      id,
      object: 'item',
      adjustable_quantity: null,
      amount_discount: sum(line.discounts),
      amount_subtotal: subtotal,
      amount_tax: sum(line.taxes),
      amount_total: subtotal - sum(line.discounts) + outside,
      currency,
      description: scope.maybe('product', price.product)?.name ?? null,
      metadata: {},
      price,
      quantity,
    };
  });
  return {
    items,
    session: {
      amount_subtotal: figures.subtotal,
      amount_total: figures.total,
      currency,
      shipping_cost: row.shippingAmount
        ? {
            amount_subtotal: row.shippingAmount,
            amount_tax: figures.shippingTax,
            amount_total: figures.shippingTotal,
            shipping_rate: null,
          }
        : null,
      total_details: {
        amount_discount: sum(figures.discounts),
        amount_shipping: row.shippingAmount,
        amount_tax: sum(figures.taxes),
      },
    },
  };
}

function futureRule(scope: Scope, request: DiscountRequest, currency: string): DiscountRule {
  const code = request.promotion_code ? requirePromotionCode(scope, request.promotion_code, { customer: null }) : null;
  const coupon = requireCoupon(scope, code?.promotion.coupon ?? request.coupon ?? '', currency);
  return {
    discount: coupon.id,
    percentOff: coupon.percent_off,
    amountOff: coupon.amount_off,
    products: coupon.applies_to?.products ?? null,
  };
}
