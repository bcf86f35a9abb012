import type { Cap, RewardRule } from '../rules/reward-rule.js';

/** Of whom a program may have terms of their own, the widest first. */
export const TERMS_SCOPES = ['group', 'partner', 'code'] as const;
export type TermsScope = (typeof TERMS_SCOPES)[number];

/** What may be said of a scope; null: as the next wider scope has it. */
export interface OwnTerms {
  rules: RewardRule[] | null;
  caps: Cap[] | null;
  holdDays: number | null;
}

/** Terms of a scope in force at an instant, with their name. */
export interface ScopeTerms extends OwnTerms {
  scope: TermsScope;
  scopeId: string;
  version: number;
}

export type TermsSource = Pick<ScopeTerms, 'scope' | 'scopeId' | 'version'>;

/** Whose terms decide, field by field; what is left out is the program's. */
export type TermsSources = Partial<Record<keyof OwnTerms, TermsSource>>;

type WholeTerms = { [Field in keyof OwnTerms]: NonNullable<OwnTerms[Field]> };

/** What a sale is judged by: each field by the narrowest scope that says something of it, else by the program. Pure. */
export function decidingTerms(
  program: WholeTerms,
  overrides: readonly ScopeTerms[],
): WholeTerms & { sources: TermsSources } {
  const narrowestFirst = [...overrides].sort((a, b) => TERMS_SCOPES.indexOf(b.scope) - TERMS_SCOPES.indexOf(a.scope));
  const saying = (field: keyof OwnTerms): ScopeTerms | undefined =>
    narrowestFirst.find((terms) => terms[field] !== null);
  const sources: TermsSources = {};
  for (const field of ['rules', 'caps', 'holdDays'] as const) {
    const found = saying(field);
    if (found !== undefined) sources[field] = { scope: found.scope, scopeId: found.scopeId, version: found.version };
  }
  return {
    rules: saying('rules')?.rules ?? program.rules,
    caps: saying('caps')?.caps ?? program.caps,
    holdDays: saying('holdDays')?.holdDays ?? program.holdDays,
    sources,
  };
}

/** Whether they say nothing any more. Pure. */
export function isEnded({ rules, caps, holdDays }: OwnTerms): boolean {
  return rules === null && caps === null && holdDays === null;
}
