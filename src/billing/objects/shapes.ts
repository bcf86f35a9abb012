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
    | 'referred_customer';
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

/** What a line was reduced by, in minor units. */
export function lineDiscountMinor(line: StripeData): number {
  const discounts = Array.isArray(line.discount_amounts) ? line.discount_amounts : [];
  return discounts.filter(isObject).reduce((sum, discount) => sum + minorOf(discount.amount), 0);
}
