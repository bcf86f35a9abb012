import type { CountedMove } from './counted-moves.js';
import type { Fraction, RuleAmount } from './rule-amount.js';
import type { RuleShare } from './rule-matching.js';
import type { LeadKind, RewardRule, RuleConditions } from './reward-rule.js';
import type { TermsObjection } from './rule-objections.js';

/** What conditions can ask of a lead; null and empty where Stripe has not told. */
export interface LeadTraits {
  /** ISO 3166 code of the customer, upper case. */
  country: string | null;
  metadata: Record<string, string>;
}

/** A lead is taken by the first rule that fits it, so that this is empty or a single one. Pure. */
export function leadSharesOf(rules: readonly RewardRule[], kind: LeadKind, traits: LeadTraits): RuleShare[] {
  const rule = rules.find(
    ({ on, when, except }) =>
      on === kind && testsOf(when, traits).every(Boolean) && !testsOf(except, traits).some(Boolean),
  );
  return rule === undefined ? [] : [{ rule, lines: [], netMinor: 0 }];
}

function testsOf({ countries, metadata = {} }: RuleConditions, traits: LeadTraits): boolean[] {
  return [
    ...(countries === undefined ? [] : [traits.country !== null && countries.includes(traits.country)]),
    ...Object.entries(metadata).map(([key, value]) => traits.metadata[key] === value),
  ];
}

const NOTHING: Fraction = { numerator: 0n, denominator: 1n };

/** The flat amount of a lead's rule, which is paid without anything having been collected. Pure. */
export function leadAmountOf({ reward }: RewardRule): RuleAmount {
  if (reward.type !== 'one_time') throw new Error(`a lead pays flat amounts, not ${reward.type}`);
  const { amountMinor } = reward;
  const base = { numerator: NOTHING.numerator.toString(), denominator: NOTHING.denominator.toString() };
  return {
    ended: null,
    parts: [{ rate: { amountMinor }, base }],
    exact: { numerator: BigInt(amountMinor), denominator: 1n },
    amountMinor,
  };
}

/** What a lead counts: for caps alone, since nothing was sold. Pure. */
export function countedLead(at: Date, earnedMinor: number): CountedMove[] {
  return earnedMinor <= 0 ? [] : [{ at, sales: 0, revenueMinor: 0, earnedMinor }];
}

/** Conditions that say something of a customer; the others need a sale. */
const CONDITIONS_OF_LEADS: ReadonlyArray<keyof RuleConditions> = ['countries', 'metadata'];
const FLAGS_OF_SALES = ['firstSaleOnly', 'capAtSale', 'mayExceedSale'] as const;

/** What of a lead's rule only a sale could answer; `at` is where the rule stands. Pure. */
export function objectionsToLeadRule(rule: RewardRule, at: string): TermsObjection[] {
  if (rule.on === 'sale') return [];
  const noSale = (field: string): TermsObjection => {
    const says = `it asks about a sale, and the rule is earned on ${rule.on}: leave it out, or give the sale a rule of its own`;
    return { field: `${at}.${field}`, code: 'needs_sale', message: says };
  };
  const misplaced = (name: 'when' | 'except'): TermsObjection[] =>
    (Object.keys(rule[name]) as Array<keyof RuleConditions>)
      .filter((condition) => !CONDITIONS_OF_LEADS.includes(condition))
      .map((condition) => noSale(`${name}.${condition}`));
  const { type } = rule.reward;
  const flat = `a rule that is earned on ${rule.on} pays a flat amount: give a reward of the type one_time, not ${type}`;
  return [
    ...(type === 'one_time' ? [] : [{ field: `${at}.reward.type`, code: 'needs_sale', message: flat }]),
    ...misplaced('when'),
    ...misplaced('except'),
    ...FLAGS_OF_SALES.filter((flag) => rule[flag]).map(noSale),
  ];
}
