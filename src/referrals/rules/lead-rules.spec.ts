import { describe, expect, it } from '@jest/globals';
import { leadSharesOf } from './lead-rules.js';
import { objectionToTerms } from './rule-objections.js';
import { ruleWith } from './rules.fixtures.js';

const FLAT = { type: 'one_time', amountMinor: 500 } as const;
const onSignUp = (key: string, more = {}) => ruleWith(FLAT, { key, on: 'sign_up', ...more });

describe('rules of leads', () => {
  it('gives a lead to the first rule of its kind that fits what is known', () => {
    const rules = [
      ruleWith(FLAT, { key: 'sale' }),
      onSignUp('germans', { when: { countries: ['DE'] } }),
      onSignUp('rest', { except: { metadata: { plan: 'free' } } }),
    ];
    const taken = (country: string | null, metadata = {}) =>
      leadSharesOf(rules, 'sign_up', { country, metadata }).map(({ rule }) => rule.key);

    expect(taken('DE')).toEqual(['germans']);
    expect(taken('US')).toEqual(['rest']);
    expect(taken(null)).toEqual(['rest']);
    expect(taken(null, { plan: 'free' })).toEqual([]);
    expect(leadSharesOf(rules, 'trial_start', { country: 'DE', metadata: {} })).toEqual([]);
  });

  it.each([
    [{ reward: { type: 'percentage', rateBps: 100 } }, 'rules.0.reward.type'],
    [{ when: { minSaleMinor: 1 } }, 'rules.0.when.minSaleMinor'],
    [{ except: { products: ['prod_1'] } }, 'rules.0.except.products'],
    [{ firstSaleOnly: true }, 'rules.0.firstSaleOnly'],
    [{ capAtSale: true }, 'rules.0.capAtSale'],
  ] as const)('refuses what needs a sale: %j', (more, field) => {
    const rule = { ...onSignUp('lead'), ...more } as ReturnType<typeof onSignUp>;

    expect(objectionToTerms({ rules: [rule], caps: [] })).toMatchObject({ field, code: 'needs_sale' });
  });

  it('finds a rule unreachable only behind one that is earned by the same', () => {
    const all = [onSignUp('a'), ruleWith(FLAT, { key: 'b', on: 'trial_start' }), onSignUp('c')];

    expect(objectionToTerms({ rules: all, caps: [] })).toMatchObject({ field: 'rules.2', code: 'rule_unreachable' });
    expect(objectionToTerms({ rules: all.slice(0, 2), caps: [] })).toBeNull();
  });
});
