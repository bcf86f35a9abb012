import type { Attribution } from '../attribution.entity.js';
import type { AttributionByHand } from './attribution-by-hand.entity.js';

/**
 * Who a customer is bound to in each program at an instant: by the last binding by hand that took effect up to then, that
 * instant included, else by evidence (rule R9). Pure.
 */
export function bindingsInForce(
  byEvidence: readonly Attribution[],
  byHand: readonly AttributionByHand[],
  at: Date,
): Attribution[] {
  const inForce = new Map(byEvidence.map((attribution) => [attribution.programId, attribution]));
  const due = byHand.filter(({ effectiveAt }) => effectiveAt <= at);
  for (const { workspaceId, programId, customerId, partnerId, codeId, effectiveAt } of inOrder(due)) {
    inForce.set(programId, {
      ...{ workspaceId, programId, customerId, partnerId, codeId, boundAt: effectiveAt },
      evidence: inForce.get(programId)?.evidence ?? [],
    });
  }
  return [...inForce.values()].sort((a, b) => (a.programId < b.programId ? -1 : 1));
}

/** By their moments; of several from the same instant, the one that was told last comes last. Pure. */
export function inOrder(byHand: readonly AttributionByHand[]): AttributionByHand[] {
  return [...byHand].sort((a, b) => a.effectiveAt.getTime() - b.effectiveAt.getTime() || (a.id < b.id ? -1 : 1));
}
