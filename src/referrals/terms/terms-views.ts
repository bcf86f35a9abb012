import type { TermsOverride } from './terms-override.entity.js';
import { isEnded } from './terms-precedence.js';
import type { TermsVersionView } from './terms.dto.js';
import { shortReward } from './told-terms.js';

export function termsVersionView(row: TermsOverride): TermsVersionView {
  const { version, effectiveAt, rules, caps, holdDays, createdAt } = row;
  return {
    ...{ version, from: effectiveAt.toISOString(), rules, reward: rules === null ? null : shortReward(rules) },
    ...{ caps, uncapped: caps?.length === 0, holdDays, ended: isEnded(row), createdAt: createdAt.toISOString() },
  };
}
