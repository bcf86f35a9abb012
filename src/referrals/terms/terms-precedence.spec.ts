import { describe, expect, it } from '@jest/globals';
import { ruleWith } from '../rules/rules.fixtures.js';
import { decidingTerms, isEnded, type OwnTerms, type ScopeTerms, type TermsScope } from './terms-precedence.js';

const ruleOf = (rateBps: number) => [ruleWith({ type: 'percentage', rateBps })];
const PROGRAM = {
  rules: ruleOf(2_000),
  caps: [{ per: 'partner' as const, period: 'month' as const, maxMinor: 5_000 }],
  holdDays: 30,
};
const SILENT: OwnTerms = { rules: null, caps: null, holdDays: null };
const of = (scope: TermsScope, terms: Partial<OwnTerms>, version = 1): ScopeTerms => ({
  ...{ scope, scopeId: `${scope}-1`, version },
  ...SILENT,
  ...terms,
});

describe('terms in force', () => {
  it('are the program’s where nobody has terms of their own', () => {
    expect(decidingTerms(PROGRAM, [])).toEqual({ ...PROGRAM, sources: {} });
  });

  it('are the code’s before the partner’s before the group’s, in whatever order they are given', () => {
    const group = of('group', { rules: ruleOf(3_000) });
    const partner = of('partner', { rules: ruleOf(4_000) }, 2);
    const code = of('code', { rules: ruleOf(500) });

    expect(decidingTerms(PROGRAM, [group, code, partner]).rules).toEqual(code.rules);
    expect(decidingTerms(PROGRAM, [group, partner])).toMatchObject({
      rules: partner.rules,
      sources: { rules: { scope: 'partner', scopeId: 'partner-1', version: 2 } },
    });
    expect(decidingTerms(PROGRAM, [group]).rules).toEqual(group.rules);
  });

  it('fall through field by field', () => {
    const overrides = [
      of('group', { rules: ruleOf(3_000), holdDays: 0 }),
      of('partner', { caps: [] }),
      of('code', { holdDays: 7 }),
    ];

    expect(decidingTerms(PROGRAM, overrides)).toEqual({
      rules: ruleOf(3_000),
      caps: [],
      holdDays: 7,
      sources: {
        rules: { scope: 'group', scopeId: 'group-1', version: 1 },
        caps: { scope: 'partner', scopeId: 'partner-1', version: 1 },
        holdDays: { scope: 'code', scopeId: 'code-1', version: 1 },
      },
    });
  });

  it('that are ended say nothing, and an empty list of caps or no hold says something', () => {
    expect(decidingTerms(PROGRAM, [of('code', {})])).toEqual({ ...PROGRAM, sources: {} });
    expect([SILENT, { ...SILENT, caps: [] }, { ...SILENT, holdDays: 0 }].map(isEnded)).toEqual([true, false, false]);
  });
});
