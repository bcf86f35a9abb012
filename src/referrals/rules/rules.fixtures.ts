import type { Reward, RewardRule } from './reward-rule.js';

/** A rule without conditions, for the specs beside this file. */
export function ruleWith(reward: Reward, more: Partial<RewardRule> = {}): RewardRule {
  return {
    ...{ key: 'reward', on: 'sale', when: {}, except: {} },
    ...{ firstSaleOnly: false, capAtSale: false, mayExceedSale: false, reward },
    ...more,
  };
}

/** A customer's first sale, at the moment of the binding. */
export const FIRST_MOMENT = {
  occurredAt: new Date('2026-01-01T00:00:00Z'),
  boundAt: new Date('2026-01-01T00:00:00Z'),
  isFirstSale: true,
};
