import {
  at,
  exclusiveTaxMinor,
  inclusiveTaxMinor,
  isObject,
  lineDiscountMinor,
  linePrice,
  lineProduct,
  minorOf,
} from '../billing/objects/shapes.js';
import type { StripeData } from '../billing/objects/stripe-model.entity.js';
import type { SaleFigures, SaleLine } from './rules/rule-matching.js';

/** An invoice's line as the mirror has it. */
export interface LineRow {
  id: string;
  data: StripeData;
  /** Of its price, as far as the mirror has it. */
  price_type: string | null;
  interval: string | null;
}

/** All fields of an invoice that are read here; the mirror's queries bring no others. */
export const INVOICE_FIELDS = [
  ...['id', 'customer', 'subscription', 'parent', 'currency', 'total', 'amount_paid', 'tax', 'shipping_cost'],
  ...['discount', 'total_discount_amounts', 'customer_address', 'customer_shipping', 'metadata'],
];

/** And of its lines. */
export const LINE_FIELDS = [...['amount', 'pricing', 'price', 'plan', 'discount_amounts', 'taxes', 'tax_amounts']];

/** What a sale that names no products sells. */
export const UNKNOWN_THING: Pick<SaleLine, 'product' | 'price' | 'interval'> = {
  product: null,
  price: null,
  interval: null,
};

export function invoiceFigures(
  invoice: StripeData,
  rows: readonly LineRow[],
  offStripeMinor: number | null,
): SaleFigures {
  const lines = rows.map(({ id, data, price_type: priceType, interval }) => ({
    id,
    product: lineProduct(data),
    price: linePrice(data),
    interval: interval ?? (priceType === 'one_time' ? 'once' : null),
    amountMinor: minorOf(data.amount),
    discountMinor: lineDiscountMinor(data),
    inclusiveTaxMinor: inclusiveTaxMinor(data),
    exclusiveTaxMinor: exclusiveTaxMinor(data),
  }));
  return {
    currency: String(invoice.currency),
    lines: withInvoiceDiscount(invoice, lines),
    shipping: shippingOf(invoice),
    totalMinor: minorOf(invoice.total),
    cashMinor: minorOf(invoice.amount_paid),
    offStripeMinor,
    country: countryOf(invoice.customer_address) ?? countryOf(at(invoice, 'customer_shipping', 'address')),
    // What was written on the subscription holds for its invoices.
    metadata: { ...textsOf(at(invoice, ...SUBSCRIPTION_METADATA)), ...textsOf(invoice.metadata) },
  };
}

/** What conditions can ask of a customer, or of any object with an address or metadata. */
export function customerTraits(data: StripeData): Pick<SaleFigures, 'country' | 'metadata'> {
  const country = countryOf(data.address) ?? countryOf(at(data, 'shipping', 'address'));
  return { country, metadata: textsOf(data.metadata) };
}

const SUBSCRIPTION_METADATA = ['parent', 'subscription_details', 'metadata'];

function countryOf(address: unknown): string | null {
  const country = isObject(address) ? address.country : null;
  return typeof country === 'string' ? country.toUpperCase() : null;
}

function textsOf(metadata: unknown): Record<string, string> {
  if (!isObject(metadata)) return {};
  return Object.fromEntries(Object.entries(metadata).map(([key, value]) => [key, String(value)]));
}

/**
 * Before 2020 a discount stood only on the invoice. What the invoice says it was reduced by and no line accounts for becomes
 * a line of its own, so that the base is the same in every version.
 */
function withInvoiceDiscount(invoice: StripeData, lines: SaleLine[]): SaleLine[] {
  if (Array.isArray(invoice.total_discount_amounts) || !isObject(invoice.discount)) return lines;
  const exclusiveTax = minorOf(invoice.tax) - lines.reduce((sum, line) => sum + line.inclusiveTaxMinor, 0);
  const discountMinor = lines.reduce((sum, line) => sum + line.amountMinor, 0) + exclusiveTax - minorOf(invoice.total);
  if (discountMinor <= 0) return lines;
  return [
    ...lines,
    {
      ...UNKNOWN_THING,
      id: String(invoice.discount.id ?? 'discount'),
      amountMinor: 0,
      discountMinor,
      inclusiveTaxMinor: 0,
      exclusiveTaxMinor: 0,
    },
  ];
}

/** What was shipped, as a line of its own; of invoices and sessions alike. */
function shippingOf({ id, shipping_cost: cost }: StripeData): SaleLine | null {
  if (!isObject(cost) || minorOf(cost.amount_total) <= 0) return null;
  const exclusiveTaxMinor = minorOf(cost.amount_tax);
  const amountMinor = minorOf(cost.amount_total) - exclusiveTaxMinor;
  const nothingOff = { discountMinor: 0, inclusiveTaxMinor: 0 };
  return { ...UNKNOWN_THING, id: `${String(id)}:shipping`, amountMinor, ...nothingOff, exclusiveTaxMinor };
}

/** A session does not say which of its tax was inclusive; what remains after tax and shipping is the net either way. */
export function sessionFigures(session: StripeData): SaleFigures {
  const details = isObject(session.total_details) ? session.total_details : {};
  const totalMinor = minorOf(session.amount_total);
  const amountMinor = minorOf(session.amount_subtotal);
  const discountMinor = minorOf(details.amount_discount);
  const netMinor = totalMinor - minorOf(details.amount_tax) - minorOf(details.amount_shipping);
  const shipping = shippingOf(session);
  const shippedMinor =
    shipping === null ? minorOf(details.amount_shipping) : shipping.amountMinor + shipping.exclusiveTaxMinor;
  const taxes = {
    inclusiveTaxMinor: amountMinor - discountMinor - netMinor,
    exclusiveTaxMinor: totalMinor - shippedMinor - (amountMinor - discountMinor),
  };
  return {
    currency: String(session.currency),
    lines: [{ ...UNKNOWN_THING, id: String(session.id), amountMinor, discountMinor, ...taxes }],
    shipping,
    totalMinor,
    cashMinor: totalMinor,
    offStripeMinor: 0,
    country: countryOf(at(session, 'customer_details', 'address')),
    metadata: textsOf(session.metadata),
  };
}
