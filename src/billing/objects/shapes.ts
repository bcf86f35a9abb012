import type { StripeData } from './stripe-model.entity.js';

/** A key under which something may have to be settled again; `id` is Stripe's. */
export interface TouchedKey {
  kind:
    | 'invoice'
    | 'payment_intent'
    | 'charge'
    | 'checkout_session'
    | 'customer'
    | 'promotion_code'
    | 'transfer'
    | 'payout'
    | 'account'
    | 'sale'
    | 'referred_customer'
    | 'lead';
  id: string;
}

/** The id of a reference that Stripe sends as an id or, expanded, as an object. */
export function refId(reference: unknown): string | null {
  if (typeof reference === 'string') return reference === '' ? null : reference;
  if (typeof reference === 'object' && reference !== null && 'id' in reference && typeof reference.id === 'string') {
    return reference.id;
  }
  return null;
}

/** The objects inside a field, whether it holds one, an array (ids are skipped) or Stripe's list. */
export function embeddedObjects(value: unknown): StripeData[] {
  if (Array.isArray(value)) return value.filter(isObject);
  if (!isObject(value)) return [];
  if (value.object === 'list') return Array.isArray(value.data) ? value.data.filter(isObject) : [];
  return [value];
}

/** Whether a list field ends before its objects do. */
export function isTruncatedList(value: unknown): boolean {
  return isObject(value) && value.object === 'list' && value.has_more === true;
}

export function isObject(value: unknown): value is StripeData {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A number field, 0 when it is absent or null. */
export function minorOf(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}

/** Discounts of an object in every shape: `discounts: ["di_…"]`, `discounts: [{…}]`, `discount: {…}`. */
export function discountRefs(data: StripeData): { ids: string[]; promotionCodes: string[] } {
  const values = [...(Array.isArray(data.discounts) ? (data.discounts as unknown[]) : []), data.discount];
  const ids = values.flatMap((value) => refId(value) ?? []);
  const promotionCodes = values.filter(isObject).flatMap((value) => refId(value.promotion_code) ?? []);
  return { ids, promotionCodes };
}

/** A line's tax that is contained in its amount, in minor units; `taxes` since 2025-03-31, `tax_amounts` before. */
export function inclusiveTaxMinor(line: StripeData): number {
  const taxes = Array.isArray(line.taxes) ? line.taxes : Array.isArray(line.tax_amounts) ? line.tax_amounts : [];
  return taxes
    .filter(isObject)
    .filter((tax) => tax.tax_behavior === 'inclusive' || tax.inclusive === true)
    .reduce((sum, tax) => sum + minorOf(tax.amount), 0);
}

/** Tax that comes on top of a line's amount, in minor units. */
export function exclusiveTaxMinor(line: StripeData): number {
  const taxes = Array.isArray(line.taxes) ? line.taxes : Array.isArray(line.tax_amounts) ? line.tax_amounts : [];
  const all = taxes.filter(isObject).reduce((sum, tax) => sum + minorOf(tax.amount), 0);
  return all - inclusiveTaxMinor(line);
}

/** What a line was reduced by, in minor units. */
export function lineDiscountMinor(line: StripeData): number {
  const discounts = Array.isArray(line.discount_amounts) ? line.discount_amounts : [];
  return discounts.filter(isObject).reduce((sum, discount) => sum + minorOf(discount.amount), 0);
}

/** The price of an invoice line or subscription item; `plan` before prices came in 2020, `pricing` on lines since 2025-03-31. `stripe.line_price` in SQL. */
export function linePrice(line: StripeData): string | null {
  return refId(at(line, 'pricing', 'price_details', 'price')) ?? refId(line.price) ?? refId(line.plan);
}

/** What a line sells. Null where an old invoice item names no price. `stripe.line_product` in SQL. */
export function lineProduct(line: StripeData): string | null {
  return (
    refId(at(line, 'pricing', 'price_details', 'product')) ??
    refId(at(line, 'price', 'product')) ??
    refId(at(line, 'plan', 'product'))
  );
}

/**
 * The subscription that an invoice line bills; in `parent` since 2025-03-31. The oldest lines have its id as their own.
 * `stripe.line_subscription` in SQL.
 */
export function lineSubscription(line: StripeData): string | null {
  const oldest = line.type === 'subscription' && String(line.id).startsWith('sub_') ? refId(line.id) : null;
  return (
    refId(line.subscription) ??
    refId(at(line, 'parent', 'subscription_item_details', 'subscription')) ??
    refId(at(line, 'parent', 'invoice_item_details', 'subscription')) ??
    oldest
  );
}

/** Whether a line settles a change in the middle of a period; in `parent` since 2025-03-31. */
export function isProration(line: StripeData): boolean {
  return (
    line.proration === true ||
    at(line, 'parent', 'subscription_item_details', 'proration') === true ||
    at(line, 'parent', 'invoice_item_details', 'proration') === true
  );
}

/** The subscription that an invoice bills; in `parent` since 2025-03-31. The column `stripe.invoices.subscription`. */
export function invoiceSubscription(invoice: StripeData): string | null {
  return refId(invoice.subscription) ?? refId(at(invoice, 'parent', 'subscription_details', 'subscription'));
}

/** The coupon of a discount; in `source` since 2025-09-30. `stripe.discount_coupon` in SQL. */
export function discountCoupon(discount: StripeData): string | null {
  return refId(discount.coupon) ?? refId(at(discount, 'source', 'coupon'));
}

/** The coupon that a promotion code gives; in `promotion` since 2025-09-30. */
export function promotionCoupon(code: StripeData): string | null {
  return refId(code.coupon) ?? refId(at(code, 'promotion', 'coupon'));
}

export interface Period {
  /** Unix seconds. */
  start: number | null;
  end: number | null;
}

/**
 * The period of a subscription, from its items' first start to their last end; before 2025-03-31 it stood on the
 * subscription itself. `stripe.subscription_period_start` and `stripe.subscription_period_end` in SQL.
 */
export function subscriptionPeriod(subscription: StripeData): Period {
  const items = embeddedObjects(subscription.items);
  const starts = items.map((item) => secondsOf(item.current_period_start)).filter((start) => start !== null);
  const ends = items.map((item) => secondsOf(item.current_period_end)).filter((end) => end !== null);
  return {
    start: secondsOf(subscription.current_period_start) ?? (starts.length === 0 ? null : Math.min(...starts)),
    end: secondsOf(subscription.current_period_end) ?? (ends.length === 0 ? null : Math.max(...ends)),
  };
}

/** The state of an invoice in today's words; before 2018-11-08 there were only flags. The column `stripe.invoices.status`. */
export function invoiceStatus(invoice: StripeData): string | null {
  if (typeof invoice.status === 'string') return invoice.status;
  if (invoice.paid === true) return 'paid';
  if (invoice.forgiven === true) return 'uncollectible';
  if (invoice.closed === true) return 'void';
  return 'closed' in invoice ? 'open' : null;
}

/** When an invoice was made, in Unix seconds; called `date` before 2019-03-14. */
export function invoiceCreated(invoice: StripeData): number | null {
  return secondsOf(invoice.created) ?? secondsOf(invoice.date);
}

/** When an invoice was paid, in Unix seconds; as near as its oldest shapes tell. `stripe.invoice_paid_at` in SQL. */
export function invoicePaidAt(invoice: StripeData): number | null {
  const told = secondsOf(at(invoice, 'status_transitions', 'paid_at'));
  if (told !== null || invoice.paid !== true || isObject(invoice.status_transitions)) return told;
  return secondsOf(invoice.finalized_at) ?? secondsOf(invoice.webhooks_delivered_at) ?? invoiceCreated(invoice);
}

export interface InvoiceAmounts {
  currency: string;
  totalMinor: number;
  dueMinor: number;
  paidMinor: number;
  remainingMinor: number;
  overpaidMinor: number;
}

/** What an invoice asks for and what came, in minor units, in every shape. The oldest have only the flag `paid`. */
export function invoiceAmounts(invoice: StripeData): InvoiceAmounts {
  const due = minorOf(invoice.amount_due);
  const paid = numberOf(invoice.amount_paid) ?? (invoiceStatus(invoice) === 'paid' ? due : 0);
  return {
    currency: String(invoice.currency ?? ''),
    totalMinor: minorOf(invoice.total),
    dueMinor: due,
    paidMinor: paid,
    remainingMinor: numberOf(invoice.amount_remaining) ?? Math.max(0, due - paid),
    overpaidMinor: numberOf(invoice.amount_overpaid) ?? Math.max(0, paid - due),
  };
}

/** The field that a path of names leads to; undefined where it ends early. */
export function at(data: StripeData, ...path: readonly string[]): unknown {
  return path.reduce<unknown>((held, name) => (isObject(held) ? held[name] : undefined), data);
}

/** Unix seconds, or null for anything that is no number. */
export function secondsOf(value: unknown): number | null {
  return numberOf(value);
}

export function isoOf(seconds: number | null): string | null {
  return seconds === null ? null : new Date(seconds * 1_000).toISOString();
}

function numberOf(value: unknown): number | null {
  return typeof value === 'number' ? value : null;
}
