import type { CommissionDecision } from './commission-decision.entity.js';
import type { HoldReason } from './hold-reasons.js';

/** What holds a commission and what people decided of it, one plain sentence each. Pure. */
export function holdSteps(
  holds: readonly HoldReason[],
  decisions: ReadonlyArray<Pick<CommissionDecision, 'decision' | 'reason' | 'decidedBy' | 'decidedAt'>>,
): string[] {
  return [...decisions.map(decisionStep), ...holds.map(holdStep)];
}

function decisionStep({
  decision,
  reason,
  decidedBy,
  decidedAt,
}: Pick<CommissionDecision, 'decision' | 'reason' | 'decidedBy' | 'decidedAt'>): string {
  return `At ${decidedAt.toISOString()} it was ${decision} with the key ${decidedBy}: ${reason}`;
}

function holdStep({ kind, id, since, evidence }: HoldReason): string {
  const facts = Object.entries(evidence).map(([name, value]) => `${name} ${value}`);
  const found = facts.length === 0 ? '' : ` (${facts.join(', ')})`;
  switch (kind) {
    case 'dispute':
      return `The dispute ${id} is open since ${since}${found}; until it is closed, what is left is held.`;
    case 'early_fraud_warning':
      return `The bank’s warning of fraud ${id} came at ${since}${found}; until a person decides, what is left is held.`;
    case 'suspicion':
      return `The check ${id} found something at ${since}${found}; until a person decides, what is left is held.`;
  }
}
