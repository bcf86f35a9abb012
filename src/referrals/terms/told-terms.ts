import { isDeepStrictEqual } from 'node:util';
import { invalidField } from '../../common/errors.js';
import { ruleOf, type RewardDto, type RewardRuleDto } from '../dto/reward-rule.dto.js';
import type { Cap, Reward, RewardRule } from '../rules/reward-rule.js';
import { objectionToTerms } from '../rules/rule-objections.js';

/** Rules in full, or the reward of the only one. */
export interface ToldRules {
  rules?: RewardRuleDto[];
  reward?: RewardDto;
}

/** What the only rule is called of terms that were told in short. */
const SHORT_RULE = 'reward';

/** The rules that were told, in full or in short; null when none were. Errors: `field_not_allowed`. */
export function rulesOf({ rules, reward }: ToldRules): RewardRule[] | null {
  if (rules !== undefined && reward !== undefined) {
    const says = 'reward is short for rules with a single one: give either reward or rules';
    throw invalidField('reward', 'field_not_allowed', says);
  }
  return rules?.map(ruleOf) ?? (reward === undefined ? null : [ruleOf({ key: SHORT_RULE, reward })]);
}

/** The reward in short, where all of the rules is said by it. */
export function shortReward(rules: readonly RewardRule[]): Reward | null {
  const [rule] = rules;
  const isShort = rule !== undefined && isDeepStrictEqual(rules, [ruleOf({ key: SHORT_RULE, reward: rule.reward })]);
  return isShort ? rule.reward : null;
}

/** Refuses terms that contradict themselves, naming the field as it was told. */
export function assertMeant(
  terms: { rules: readonly RewardRule[]; caps: readonly Cap[] },
  { reward }: Pick<ToldRules, 'reward'>,
): void {
  const objection = objectionToTerms(terms);
  if (objection === null) return;
  const field = reward === undefined ? objection.field : objection.field.replace('rules.0.reward', 'reward');
  throw invalidField(field, objection.code, `${field}: ${objection.message}`);
}
