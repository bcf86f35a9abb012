import { isCounted } from './commission-rules.js';
import type { Cap, Reward, RewardRule } from './reward-rule.js';

/** Whose sales are counted together. */
export type CountedBy = Cap['per'];

/** Tiers go by what the partner brought, everything else by what the customer paid. Pure. */
export function countedTogether({ type }: Reward): 'partner' | 'customer' {
  return type === 'tiered' ? 'partner' : 'customer';
}

/** By what terms count at all, sorted; nothing for most. Pure. */
export function countedBy({ rules, caps }: { rules: readonly RewardRule[]; caps: readonly Cap[] }): CountedBy[] {
  const rewards = rules.map(({ reward }) => reward).filter(isCounted);
  return [...new Set([...rewards.map(countedTogether), ...caps.map(({ per }) => per)])].sort();
}
