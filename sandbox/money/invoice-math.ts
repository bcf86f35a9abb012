import { allocate, percentOf, percentWithin } from './rounding.js';

/** What a coupon takes off. */
export interface DiscountRule {
  discount: string;
  percentOff: number | null;
  amountOff: number | null;
  /** Only lines of these products, when given. */
  products: readonly string[] | null;
}
export interface TaxRule {
  rate: string;
  percentage: number;
  inclusive: boolean;
}
export interface MathLine {
  amount: number;
  product: string | null;
  discountable: boolean;
  discounts: readonly DiscountRule[];
  taxes: readonly TaxRule[];
}
export interface MathInput {
  lines: readonly MathLine[];
  discounts: readonly DiscountRule[];
  shippingAmount: number;
  shippingTaxes: readonly TaxRule[];
}
export interface Discounted {
  discount: string;
  amount: number;
}
export interface Taxed {
  rate: string;
  inclusive: boolean;
  amount: number;
  taxableAmount: number;
}
export interface LineFigures {
  discounts: Discounted[];
  taxes: Taxed[];
}
export interface InvoiceFigures {
  lines: LineFigures[];
  subtotal: number;
  subtotalExcludingTax: number;
  discounts: Discounted[];
  taxes: Taxed[];
  shippingTaxes: Taxed[];
  shippingTax: number;
  shippingTotal: number;
  total: number;
  totalExcludingTax: number;
}

/**
 * All figures of an invoice in whole minor units. Discounts of a line come before those of the invoice; each is counted on
 * what earlier ones left and is allocated so that the lines' parts sum to exactly the discount. Taxes are rounded per line.
 */
export function invoiceFigures(input: MathInput): InvoiceFigures {
  const left = input.lines.map(({ amount }) => amount);
  const perLine: Discounted[][] = input.lines.map(() => []);
  const take = (rule: DiscountRule, indexes: number[]): void => {
    for (const [index, amount] of portions(rule, indexes, left)) {
      left[index] = (left[index] ?? 0) - amount;
      perLine[index]?.push({ discount: rule.discount, amount });
    }
  };
  input.lines.forEach((line, index) => line.discounts.forEach((rule) => take(rule, [index])));
  for (const rule of input.discounts) take(rule, eligible(input.lines, rule));

  const lines = input.lines.map((line, index) => ({
    discounts: perLine[index] ?? [],
    taxes: taxesOn(left[index] ?? 0, line.taxes),
  }));
  const shippingTaxes = taxesOn(input.shippingAmount, input.shippingTaxes);
  return totals(input, lines, shippingTaxes);
}

function eligible(lines: readonly MathLine[], { products }: DiscountRule): number[] {
  return lines.flatMap((line, index) => {
    if (!line.discountable || line.amount <= 0) return [];
    return products === null || (line.product !== null && products.includes(line.product)) ? [index] : [];
  });
}

function portions(rule: DiscountRule, indexes: number[], left: number[]): [number, number][] {
  const weights = indexes.map((index) => Math.max(0, left[index] ?? 0));
  const base = weights.reduce((a, b) => a + b, 0);
  const wanted = rule.percentOff === null ? (rule.amountOff ?? 0) : percentOf(base, rule.percentOff);
  const parts = allocate(Math.min(wanted, base), weights);
  return indexes.map((index, i) => [index, parts[i] ?? 0]);
}

function taxesOn(amount: number, rules: readonly TaxRule[]): Taxed[] {
  const inclusivePercent = rules.reduce((sum, { inclusive, percentage }) => sum + (inclusive ? percentage : 0), 0);
  const contained = rules.map(({ inclusive, percentage }) =>
    inclusive ? percentWithin(amount, percentage, inclusivePercent) : 0,
  );
  const net = amount - contained.reduce((a, b) => a + b, 0);
  return rules.map(({ rate, inclusive, percentage }, index) => ({
    rate,
    inclusive,
    amount: inclusive ? (contained[index] ?? 0) : percentOf(net, percentage),
    taxableAmount: net,
  }));
}

function totals(input: MathInput, lines: LineFigures[], shippingTaxes: Taxed[]): InvoiceFigures {
  const sum = (parts: readonly { amount: number }[]): number => parts.reduce((total, { amount }) => total + amount, 0);
  const outside = (taxes: readonly Taxed[]): number => sum(taxes.filter(({ inclusive }) => !inclusive));
  const subtotal = sum(input.lines);
  const discounts = lines.flatMap((line) => line.discounts);
  const taxes = [...lines.flatMap((line) => line.taxes), ...shippingTaxes];
  const shippingTotal = input.shippingAmount + outside(shippingTaxes);
  const total = subtotal - sum(discounts) + outside(lines.flatMap((line) => line.taxes)) + shippingTotal;
  const contained = input.lines.map(({ amount, taxes: rules }) =>
    sum(taxesOn(amount, rules).filter((tax) => tax.inclusive)),
  );
  return {
    lines,
    subtotal,
    subtotalExcludingTax: subtotal - contained.reduce((a, b) => a + b, 0),
    discounts: merged(discounts, ({ discount }) => discount),
    taxes: merged(taxes, ({ rate }) => rate),
    shippingTaxes,
    shippingTax: sum(shippingTaxes),
    shippingTotal,
    total,
    totalExcludingTax: total - sum(taxes),
  };
}

function merged<T extends { amount: number; taxableAmount?: number }>(
  parts: readonly T[],
  keyOf: (part: T) => string,
): T[] {
  const byKey = new Map<string, T>();
  for (const part of parts) {
    const known = byKey.get(keyOf(part));
    if (!known) byKey.set(keyOf(part), { ...part });
    else {
      known.amount += part.amount;
      if (known.taxableAmount !== undefined) known.taxableAmount += part.taxableAmount ?? 0;
    }
  }
  return [...byKey.values()];
}
