import { describe, expect, it } from '@jest/globals';
import type { Cap, RewardRule } from './reward-rule.js';
import { objectionToTerms } from './rule-objections.js';
import { ruleWith } from './rules.fixtures.js';

const fifth = { type: 'percentage', rateBps: 2_000 } as const;
const tiered = (...tiers: Array<{ from: number; rateBps?: number; amountMinor?: number }>) =>
  ruleWith({ type: 'tiered', by: 'revenue', period: 'month', mode: 'graduated', tiers: tiers as never });

const objection = (rules: RewardRule[], caps: Cap[] = []) => {
  const { field, code } = objectionToTerms({ rules, caps }) ?? {};
  return field === undefined ? null : [field, code];
};

describe('terms that cannot be meant', () => {
  it('say how a reward above its sale is written', () => {
    const { message } =
      objectionToTerms({ rules: [ruleWith({ type: 'percentage', rateBps: 12_000 })], caps: [] }) ?? {};

    expect(message).toMatch(/write it as rules: \[\{ key, mayExceedSale: true, reward \}\]$/);
  });

  it.each<[string, RewardRule[], string, string]>([
    [
      'two rules of one key',
      [ruleWith(fifth, { firstSaleOnly: true }), ruleWith(fifth)],
      'rules.1.key',
      'invalid_field',
    ],
    [
      'a rule after one that takes all',
      [ruleWith(fifth), ruleWith(fifth, { key: 'b' })],
      'rules.1',
      'rule_unreachable',
    ],
    [
      'a rate over the whole',
      [ruleWith({ type: 'percentage', rateBps: 10_001 })],
      'rules.0.reward.rateBps',
      'invalid_field',
    ],
    ['no rate', [ruleWith({ type: 'recurring' } as never)], 'rules.0.reward.rateBps', 'missing_field'],
    [
      'two rates',
      [ruleWith({ type: 'recurring', rateBps: 1, amountMinor: 1 } as never)],
      'rules.0.reward.rateBps',
      'field_not_allowed',
    ],
    ['a gap before the first tier', [tiered({ from: 5, rateBps: 1 })], 'rules.0.reward.tiers.0.from', 'tier_gap'],
    [
      'tiers that do not ascend',
      [tiered({ from: 0, rateBps: 1 }, { from: 0, rateBps: 2 })],
      'rules.0.reward.tiers.1.from',
      'tier_order',
    ],
    [
      'a flat graduated tier',
      [tiered({ from: 0, amountMinor: 1 })],
      'rules.0.reward.tiers.0.amountMinor',
      'invalid_field',
    ],
    [
      'a phase after one without an end',
      [ruleWith({ type: 'phases', phases: [{ rateBps: 1 }, { rateBps: 2 }] })],
      'rules.0.reward.phases.0.payments',
      'missing_field',
    ],
    [
      'an empty range',
      [ruleWith(fifth, { when: { minSaleMinor: 2, maxSaleMinor: 1 } })],
      'rules.0.when.maxSaleMinor',
      'invalid_field',
    ],
    [
      'products that are all excepted again',
      [ruleWith(fifth, { when: { products: ['a'] }, except: { products: ['a', 'b'] } })],
      'rules.0.except.products',
      'invalid_field',
    ],
  ])('%s', (_, rules, field, code) => {
    expect(objection(rules)).toEqual([field, code]);
  });

  it('a cap of nothing', () => {
    expect(objection([ruleWith(fifth)], [{ per: 'partner', period: 'month' }])).toEqual([
      'caps.0.maxMinor',
      'missing_field',
    ]);
  });

  it('and no others', () => {
    const narrow = ruleWith(
      { type: 'percentage', rateBps: 15_000 },
      { key: 'launch', mayExceedSale: true, when: { products: ['a'] } },
    );
    const rules = [narrow, tiered({ from: 0, rateBps: 0 }, { from: 100, rateBps: 2_000 })];

    expect(objection(rules, [{ per: 'customer', period: 'ever', maxMinor: 1 }])).toBeNull();
  });
});
