import { stripeId } from '../core/ids.js';
import type { Scope } from '../core/scope.js';
import type { Kinds } from '../core/wire.js';
import { redeemAll, type DiscountRequest } from './discounts.js';
import { chargesFor } from './price-tiers.js';
import { formatAmount, formatInterval } from './wording.js';

export type InvoiceLine = Kinds['line_item'];
type InvoiceItem = Kinds['invoiceitem'];
type Price = Kinds['price'];
type SubscriptionItem = Kinds['subscription_item'];

/** A line with what it is counted from and its object does not show. */
export interface NewLine {
  line: InvoiceLine;
  taxRates: string[] | null;
}

interface LineFields {
  invoice: string;
  amount: number;
  /** The price's when left out. */
  unitAmount?: number;
  currency: string;
  description: string | null;
  period: { start: number; end: number };
  quantity: number;
  price: Price | null;
  parent: InvoiceLine['parent'];
  discountable?: boolean;
  discounts?: string[];
  metadata?: Record<string, string>;
  subscription?: string | null;
}

function buildLine(fields: LineFields): InvoiceLine {
  const { price, quantity, unitAmount = price?.unit_amount ?? 0 } = fields;
  return {
    id: stripeId('il'),
    object: 'line_item',
    amount: fields.amount,
    currency: fields.currency,
    description: fields.description,
    discount_amounts: [],
    discountable: fields.discountable ?? true,
    discounts: fields.discounts ?? [],
    invoice: fields.invoice,
    livemode: false,
    metadata: fields.metadata ?? {},
    parent: fields.parent,
    period: fields.period,
    pretax_credit_amounts: [],
    pricing: price && {
      price_details: { price: price.id, product: price.product },
      type: 'price_details',
      unit_amount_decimal: String(unitAmount),
    },
    quantity,
    quantity_decimal: String(quantity),
    subscription: fields.subscription ?? null,
    subtotal: fields.amount,
    taxes: [],
  };
}

/** A period of a subscription's item, a line per tier where its price has tiers; during a trial it costs nothing. */
export function subscriptionLines(
  scope: Scope,
  invoice: string,
  item: SubscriptionItem,
  period: { start: number; end: number },
  trial: boolean,
): NewLine[] {
  const { price, quantity: bought = 1 } = item;
  const name = scope.maybe('product', price.product)?.name ?? price.product;
  const charges = trial
    ? [{ tier: null, quantity: bought, unitAmount: 0, isFlat: false }]
    : chargesFor(scope, price, bought);
  return charges.map(({ tier, quantity, unitAmount, isFlat }) => {
    const rate = `${isFlat ? 'flat fee ' : ''}at ${formatAmount(unitAmount, price.currency)} / ${formatInterval(price)}`;
    const line = buildLine({
      invoice,
      amount: quantity * unitAmount,
      unitAmount: trial ? undefined : unitAmount,
      currency: price.currency,
      description: trial
        ? `Trial period for ${name}`
        : `${quantity} × ${name} (${tier === null ? rate : `Tier ${tier} ${rate}`})`,
      period,
      quantity,
      price,
      subscription: item.subscription,
      discounts: item.discounts,
      metadata: item.metadata,
      parent: {
        invoice_item_details: null,
        subscription_item_details: {
          invoice_item: null,
          proration: false,
          proration_details: { credited_items: null },
          subscription: item.subscription,
          subscription_item: item.id,
        },
        type: 'subscription_item_details',
      },
    });
    return { line, taxRates: item.tax_rates?.length ? item.tax_rates.map(({ id }) => id) : null };
  });
}

/** The line that an invoice item becomes when an invoice takes it up. */
export function itemLine(scope: Scope, invoice: string, item: InvoiceItem): NewLine {
  const priceId = item.pricing?.price_details?.price;
  const parent = item.parent?.subscription_details ?? null;
  const proration = { proration: item.proration, proration_details: { credited_items: null } };
  const line = buildLine({
    invoice,
    amount: item.amount,
    currency: item.currency,
    description: item.description,
    period: item.period,
    quantity: item.quantity,
    price: priceId ? (scope.maybe('price', priceId) ?? null) : null,
    subscription: parent?.subscription ?? null,
    discountable: item.discountable,
    discounts: item.discounts ?? [],
    metadata: item.metadata ?? {},
    parent: parent?.subscription_item
      ? {
          invoice_item_details: null,
          subscription_item_details: {
            ...proration,
            invoice_item: item.id,
            subscription: parent.subscription,
            subscription_item: parent.subscription_item,
          },
          type: 'subscription_item_details',
        }
      : {
          invoice_item_details: { ...proration, invoice_item: item.id, subscription: parent?.subscription ?? null },
          subscription_item_details: null,
          type: 'invoice_item_details',
        },
  });
  return { line, taxRates: item.tax_rates?.length ? item.tax_rates.map(({ id }) => id) : null };
}

export interface ItemFields {
  amount: number;
  currency: string;
  customer: string;
  description?: string | null;
  invoice?: string | null;
  price?: Price | null;
  quantity?: number;
  period?: { start: number; end: number };
  metadata?: Record<string, string>;
  discountable?: boolean;
  discounts?: DiscountRequest[];
  taxRates?: string[];
  subscription?: string | null;
  subscriptionItem?: string | null;
  proration?: boolean;
}

export function createItem(scope: Scope, fields: ItemFields): InvoiceItem {
  const id = stripeId('ii');
  const { price = null, quantity = 1, proration = false } = fields;
  const discounts = redeemAll(scope, fields.discounts ?? [], {
    customer: fields.customer,
    invoiceItem: id,
    currency: fields.currency,
  });
  const item: InvoiceItem = {
    id,
    object: 'invoiceitem',
    amount: fields.amount,
    currency: fields.currency,
    customer: fields.customer,
    customer_account: null,
    date: scope.now,
    description: fields.description ?? null,
    discountable: fields.discountable ?? !proration,
    discounts,
    invoice: fields.invoice ?? null,
    livemode: false,
    metadata: fields.metadata ?? {},
    net_amount: fields.amount,
    parent: fields.subscription
      ? {
          subscription_details: {
            subscription: fields.subscription,
            ...(fields.subscriptionItem && { subscription_item: fields.subscriptionItem }),
          },
          type: 'subscription_details',
        }
      : null,
    period: fields.period ?? { start: scope.now, end: scope.now },
    pricing: price && {
      price_details: { price: price.id, product: price.product },
      type: 'price_details',
      unit_amount_decimal: String(price.unit_amount ?? 0),
    },
    proration,
    ...(proration && { proration_details: { credited_items: null, discount_amounts: [] } }),
    quantity,
    quantity_decimal: String(quantity),
    tax_rates: (fields.taxRates ?? []).map((rate) => scope.get('tax_rate', rate, 'tax_rates')),
    test_clock: scope.maybe('customer', fields.customer)?.test_clock ?? null,
  };
  return scope.insert('invoiceitem', item, 'invoiceitem.created');
}
