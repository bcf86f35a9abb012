import { canonicalJson } from '../common/canonical-json.js';
import type { Attribution } from './attribution.entity.js';
import type { Commission } from './commission.entity.js';
import type { TermsInForce } from './program-terms.service.js';
import { dueAt, type CommissionFigures } from './rules/commission-rules.js';
import { countedMoves, countedUntil } from './rules/counted-moves.js';
import { countedLead } from './rules/lead-rules.js';
import { isLeadKind } from './rules/reward-rule.js';
import type { SaleCount } from './sale-count.entity.js';
import type { SaleFacts } from './sale-facts.repository.js';
import type { Sale } from './sale.entity.js';
import type { SuspicionTerms } from './suspicion/suspicion-rules.js';

/** What one rule of one program says of the sale. */
export interface Target {
  attribution: Attribution;
  version: TermsInForce;
  programCurrency: string | null;
  rule: string;
  figures: CommissionFigures;
  /** Stripe has yet to say what of the sale it collected; the amount is 0 meanwhile. */
  awaitsCash: boolean;
}

/** What the program leaves out of the sale's cash, where it does. */
export function offStripeIn({ figures }: SaleFacts, cashMinor: number): { offStripeMinor?: number } {
  const { cashMinor: whole, offStripeMinor } = figures;
  return offStripeMinor === null || cashMinor === whole ? {} : { offStripeMinor: whole - cashMinor };
}

/** How long a person needs from the click is asked of payments only. */
export function suspicionTerms({ suspicion }: TermsInForce, { source }: SaleFacts): SuspicionTerms {
  return isLeadKind(source) ? { ...suspicion, secondsToSale: 0 } : suspicion;
}

/** Whether the row says something else now; its figures are frozen unless the amount, the code or whose terms they are is another. */
export function hasChanged(before: Commission, after: Commission): boolean {
  const said = ({ amountMinor, codeId, status, holds, explanation: { terms } }: Commission): string =>
    canonicalJson({ amountMinor, codeId, status, holds, ...(terms && { terms }) });
  return said(before) !== said(after);
}

/**
 * A commission keeps its due date; terms with another hold, told of later and dated back, make another commission, and so
 * does a lead that turns out to have been at another time.
 */
export function fits(commission: Commission, { attribution, rule, version }: Target, facts: SaleFacts | null): boolean {
  const { programId, partnerId } = attribution;
  const isLead = facts !== null && isLeadKind(facts.source);
  const due = dueAt(isLead ? facts.occurredAt : commission.occurredAt, version.holdDays);
  return (
    commission.programId === programId &&
    commission.partnerId === partnerId &&
    commission.rule === rule &&
    commission.dueAt.getTime() === due.getTime()
  );
}

/** What the sale counts under the rule, and what of that has left again, each at its time. */
export function countedBy(
  { attribution, rule, figures }: Target,
  rejectedAt: Date | null,
  sale: Sale,
  facts: SaleFacts,
): SaleCount[] {
  const { workspaceId, programId, partnerId, customerId } = attribution;
  const common = { workspaceId, programId, saleId: sale.id, rule, partnerId, customerId, sourceId: sale.sourceId };
  const { occurredAt, out } = facts;
  const moves = isLeadKind(sale.source)
    ? countedLead(occurredAt, figures.amountMinor)
    : countedMoves(figures, { occurredAt, cashMinor: figures.explanation.cashMinor, moves: out.moves });
  return countedUntil(rejectedAt, moves).map((move, seq) => ({ ...common, seq, ...move }));
}
