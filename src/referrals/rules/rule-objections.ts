import { BPS_WHOLE } from '../../common/money.js';
import { objectionsToLeadRule } from './lead-rules.js';
import type { Cap, Phase, RewardRule, RuleConditions, Tier } from './reward-rule.js';

/** Why terms cannot be meant; `field` is a path within them, such as `rules.0.reward.tiers.1.from`. */
export interface TermsObjection {
  field: string;
  code: string;
  message: string;
}

/** How a reward that may be more than its sale is told; the short form has no place for it. */
const WRITTEN_OUT = 'rules: [{ key, mayExceedSale: true, reward }]';

interface MeantTerms {
  rules: readonly RewardRule[];
  caps: readonly Cap[];
}

/** The first thing in the terms that contradicts itself, or null. Each field by itself is good already. Pure. */
export function objectionToTerms({ rules, caps }: MeantTerms): TermsObjection | null {
  return [...objectionsToRules(rules), ...caps.flatMap(objectionsToCap)][0] ?? null;
}

function objectionsToRules(rules: readonly RewardRule[]): TermsObjection[] {
  return rules.flatMap((rule, index) => {
    const at = `rules.${index}`;
    const twin = rules.findIndex(({ key }) => key === rule.key);
    const before = rules.slice(0, index).find((earlier) => earlier.on === rule.on && takesEverything(earlier));
    return [
      ...(twin < index
        ? [refuse(`${at}.key`, `the rule ${twin} is called ${rule.key} too; give each its own key`)]
        : []),
      ...(before === undefined
        ? []
        : [
            refuse(
              at,
              `the rule ${before.key} before it takes every ${rule.on.replace('_', ' ')}; put the narrower rule first`,
              'rule_unreachable',
            ),
          ]),
      ...objectionsToLeadRule(rule, at),
      ...objectionsToConditions(rule, at),
      ...objectionsToReward(rule, `${at}.reward`),
    ];
  });
}

function takesEverything({ on, when, except, firstSaleOnly, reward }: RewardRule): boolean {
  return isEmpty(when) && isEmpty(except) && !firstSaleOnly && (on !== 'sale' || reward.type !== 'one_time');
}

const isEmpty = (conditions: RuleConditions): boolean => Object.keys(conditions).length === 0;

function objectionsToConditions({ when, except }: RewardRule, at: string): TermsObjection[] {
  const range = (low: number | undefined, high: number | undefined): boolean =>
    low !== undefined && high !== undefined && low > high;
  return [
    ...(range(when.minSaleMinor, when.maxSaleMinor)
      ? [refuse(`${at}.when.maxSaleMinor`, 'maxSaleMinor is less than minSaleMinor, so that no sale fits')]
      : []),
    ...(range(when.minCustomerAgeDays, when.maxCustomerAgeDays)
      ? [
          refuse(
            `${at}.when.maxCustomerAgeDays`,
            'maxCustomerAgeDays is less than minCustomerAgeDays, so that nobody fits',
          ),
        ]
      : []),
    ...(['products', 'prices', 'intervals', 'currencies', 'countries'] as const)
      .filter((name) => when[name]?.every((value) => except[name]?.includes(value) === true) === true)
      .map((name) =>
        refuse(`${at}.except.${name}`, `every one of when.${name} is excepted again, so that nothing fits`),
      ),
  ];
}

function objectionsToReward({ reward, mayExceedSale }: RewardRule, at: string): TermsObjection[] {
  switch (reward.type) {
    case 'percentage':
    case 'recurring':
      return objectionsToRate(reward, mayExceedSale, at);
    case 'one_time':
      return needed(reward.amountMinor, `${at}.amountMinor`);
    case 'phases':
      return reward.phases.flatMap((phase, index) => [
        ...objectionsToRate(phase, mayExceedSale, `${at}.phases.${index}`),
        ...endlessPhase(phase, index, reward.phases.length, at),
      ]);
    case 'tiered':
      return reward.tiers.flatMap((tier, index) => [
        ...objectionsToRate(tier, mayExceedSale, `${at}.tiers.${index}`),
        ...objectionsToTier(tier, reward.tiers[index - 1], `${at}.tiers.${index}`),
        ...(reward.mode === 'graduated' && 'amountMinor' in tier
          ? [refuse(`${at}.tiers.${index}.amountMinor`, 'a graduated tier pays a share of its part: give rateBps')]
          : []),
      ]);
  }
}

function objectionsToRate(rate: Partial<{ rateBps: number; amountMinor: number }>, mayExceedSale: boolean, at: string) {
  const given = [rate.rateBps, rate.amountMinor].filter((value) => value !== undefined);
  if (given.length !== 1) {
    const code = given.length === 0 ? 'missing_field' : 'field_not_allowed';
    return [refuse(`${at}.rateBps`, 'give either rateBps or amountMinor, and not both', code)];
  }
  if ((rate.rateBps ?? 0) > BPS_WHOLE && !mayExceedSale) {
    const says = `${rate.rateBps} basis points are more than the whole sale; if that is meant, write it as ${WRITTEN_OUT}`;
    return [refuse(`${at}.rateBps`, says)];
  }
  return [];
}

/** A field that every reward of its type has. */
function needed(value: number | undefined, field: string): TermsObjection[] {
  return value === undefined ? [refuse(field, 'it must be given', 'missing_field')] : [];
}

function endlessPhase({ payments }: Phase, index: number, count: number, at: string): TermsObjection[] {
  return payments === undefined && index < count - 1
    ? [refuse(`${at}.phases.${index}.payments`, 'only the last phase may be without an end', 'missing_field')]
    : [];
}

function objectionsToTier({ from }: Tier, before: Tier | undefined, at: string): TermsObjection[] {
  if (before === undefined) {
    const says = `the first tier begins at ${from}, and what comes before it would earn nothing: begin at 0, if need be with a rate of 0`;
    return from === 0 ? [] : [refuse(`${at}.from`, says, 'tier_gap')];
  }
  return from > before.from
    ? []
    : [refuse(`${at}.from`, `tiers ascend, and ${from} is not above ${before.from}`, 'tier_order')];
}

function objectionsToCap({ maxMinor, maxSales }: Cap, index: number): TermsObjection[] {
  return maxMinor === undefined && maxSales === undefined
    ? [refuse(`caps.${index}.maxMinor`, 'a cap needs maxMinor, maxSales or both', 'missing_field')]
    : [];
}

function refuse(field: string, message: string, code = 'invalid_field'): TermsObjection {
  return { field, code, message };
}
