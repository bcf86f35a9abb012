import { MS_PER_DAY } from '../../common/clock.js';
import type { ProgramPolicies } from './program-policies.js';
import type { RewardRule, RuleConditions } from './reward-rule.js';

/** A line of a sale, in minor units of the sale's currency. */
export interface SaleLine {
  id: string;
  amountMinor: number;
  discountMinor: number;
  /** Tax that is contained in the amount. */
  inclusiveTaxMinor: number;
  /** Tax that comes on top of it. */
  exclusiveTaxMinor: number;
  /** What is sold, by Stripe's ids; null where the sale does not say. */
  product: string | null;
  price: string | null;
  /** `month`, `year`, …, or `once`; null where it is not known. */
  interval: string | null;
}

/** What a sale came to, and what conditions ask of it. */
export interface SaleFigures {
  currency: string;
  lines: SaleLine[];
  /** A line that no product, price or interval names; null where nothing was shipped. */
  shipping: SaleLine | null;
  /** The whole, tax and shipping included. */
  totalMinor: number;
  /** What was collected, past Stripe or through it. */
  cashMinor: number;
  /** The part of it that was paid past Stripe; null while that is not known. */
  offStripeMinor: number | null;
  /** ISO 3166 code of the customer, upper case. */
  country: string | null;
  metadata: Record<string, string>;
}

/**
 * The sale with what of its cash counts for a program: without what was paid past Stripe, unless the program takes that too.
 * Null while that is not known. Pure.
 */
export function collectedOf(sale: SaleFigures, { includeOutOfBand }: ProgramPolicies): SaleFigures | null {
  if (includeOutOfBand || sale.offStripeMinor === 0) return sale;
  if (sale.offStripeMinor === null) return null;
  return { ...sale, cashMinor: Math.max(0, sale.cashMinor - sale.offStripeMinor) };
}

/** When the sale was, and for whom. */
export interface SaleMoment {
  occurredAt: Date;
  boundAt: Date;
  isFirstSale: boolean;
}

export type NetLine = SaleLine & { netMinor: number };

/** The lines that a rule takes of a sale. */
export interface RuleShare {
  rule: RewardRule;
  lines: NetLine[];
  /** What the rule pays on, before the share paid in cash is taken: the lines' nets, minor units of the sale's currency. */
  netMinor: number;
}

/**
 * What each rule takes of a sale, in the rules' order (rule R2): every line goes to the first rule that fits it, the lines
 * of a rule are netted and not below 0, and all rules together never exceed the net of the whole sale. Pure.
 */
export function sharesOf(
  rules: readonly RewardRule[],
  sale: SaleFigures,
  moment: SaleMoment,
  policies: ProgramPolicies,
): RuleShare[] {
  const lines = eligible(sale, policies).map((line) => ({ ...line, netMinor: netOf(line) }));
  let left = Math.max(0, sumOf(lines));
  const open = rules.filter((rule) => rule.on === 'sale' && fitsSale(rule, sale, left, moment));
  const taken = new Map<RewardRule, NetLine[]>(open.map((rule) => [rule, []]));
  for (const line of lines) taken.get(open.find((rule) => fitsLine(rule, line)) as RewardRule)?.push(line);
  const shares: RuleShare[] = [];
  for (const [rule, own] of taken) {
    if (own.length === 0) continue;
    const netMinor = Math.min(left, Math.max(0, sumOf(own)));
    left -= netMinor;
    shares.push({ rule, lines: own, netMinor });
  }
  return shares;
}

/** A line after its discount, with and without the tax that `eligible` left of it. */
function netOf({ amountMinor, discountMinor, inclusiveTaxMinor, exclusiveTaxMinor }: SaleLine): number {
  return amountMinor - discountMinor - inclusiveTaxMinor + exclusiveTaxMinor;
}

/** What counts of a sale: tax and shipping only where the program says so. */
function eligible({ lines, shipping }: SaleFigures, { includeTax, includeShipping }: ProgramPolicies): SaleLine[] {
  const all = shipping === null || !includeShipping ? lines : [...lines, shipping];
  return all.map((line) => ({ ...line, ...(includeTax ? { inclusiveTaxMinor: 0 } : { exclusiveTaxMinor: 0 }) }));
}

function sumOf(lines: readonly NetLine[]): number {
  return lines.reduce((sum, { netMinor }) => sum + netMinor, 0);
}

function fitsSale(rule: RewardRule, sale: SaleFigures, netMinor: number, moment: SaleMoment): boolean {
  const needsFirst = rule.firstSaleOnly || rule.reward.type === 'one_time';
  if (needsFirst && !moment.isFirstSale) return false;
  const answers = (conditions: RuleConditions): boolean[] => saleTests(conditions, sale, netMinor, moment);
  return answers(rule.when).every(Boolean) && !answers(rule.except).some(Boolean);
}

function fitsLine({ when, except }: RewardRule, line: SaleLine): boolean {
  return lineTests(when, line).every(Boolean) && !lineTests(except, line).some(Boolean);
}

/** One answer for each condition that is given. */
function saleTests(
  conditions: RuleConditions,
  { currency, country, metadata }: SaleFigures,
  netMinor: number,
  { occurredAt, boundAt }: SaleMoment,
): boolean[] {
  const { currencies, countries, minSaleMinor, maxSaleMinor, minCustomerAgeDays, maxCustomerAgeDays } = conditions;
  const ageDays = (occurredAt.getTime() - boundAt.getTime()) / MS_PER_DAY;
  return [
    ...(currencies === undefined ? [] : [currencies.includes(currency)]),
    ...(countries === undefined ? [] : [country !== null && countries.includes(country)]),
    ...(minSaleMinor === undefined ? [] : [netMinor >= minSaleMinor]),
    ...(maxSaleMinor === undefined ? [] : [netMinor <= maxSaleMinor]),
    ...(minCustomerAgeDays === undefined ? [] : [ageDays >= minCustomerAgeDays]),
    ...(maxCustomerAgeDays === undefined ? [] : [ageDays <= maxCustomerAgeDays]),
    ...Object.entries(conditions.metadata ?? {}).map(([key, value]) => metadata[key] === value),
  ];
}

function lineTests({ products, prices, intervals }: RuleConditions, line: SaleLine): boolean[] {
  const among = (list: readonly string[] | undefined, value: string | null): boolean[] =>
    list === undefined ? [] : [value !== null && list.includes(value)];
  return [...among(products, line.product), ...among(prices, line.price), ...among(intervals, line.interval)];
}
