import { IsIn, IsOptional } from 'class-validator';
import type { LedgerTransactionKind } from '../../ledger/ledger-transaction.entity.js';
import type { ConsideredEvidence } from '../attribution-rules.js';
import type { CommissionExplanation } from '../rules/commission-rules.js';
import type { HoldReason } from '../holds/hold-reasons.js';
import type { CommissionDecisionView } from '../holds/review.dto.js';
import type { SaleSource } from '../sale.entity.js';
import { PartnerProgramQuery } from '../codes/code.dto.js';

export const COMMISSION_STATES = [
  'pending',
  'due',
  'in_payout',
  'paid',
  'held',
  'rejected',
  'reversed',
  'pending_fx',
  'pending_cash',
] as const;
export type CommissionState = (typeof COMMISSION_STATES)[number];

export class ListCommissionsQuery extends PartnerProgramQuery {
  @IsOptional()
  @IsIn(COMMISSION_STATES, { message: `$property must be one of ${COMMISSION_STATES.join(', ')}` })
  state?: CommissionState;
}

export class CommissionView {
  id: string;
  partnerId: string;
  programKey: string;
  programVersion: number;
  code: string;
  customerId: string;
  /** The company's own id of the customer; null until it told. */
  customerExternalId: string | null;
  source: SaleSource;
  /** What was sold: a Stripe id, or the external id of a sale; of a lead, what told of it. */
  sourceId: string;
  state: CommissionState;
  /** What the sale earned, before anything was taken back. */
  amountMinor: number;
  /** Taken back so far. */
  reversedMinor: number;
  netMinor: number;
  currency: string;
  occurredAt: string;
  dueAt: string;
  createdAt: string;
}

export class CommissionSaleView {
  id: string;
  source: SaleSource;
  sourceId: string;
  occurredAt: string;
  /** What was collected, in the sale's own currency; nothing for a lead. */
  cashMinor: number;
  currency: string | null;
}

export class CommissionPostingView {
  transactionId: string;
  kind: LedgerTransactionKind;
  /** By how much it changed what is owed, or how much it moved between accounts. */
  amountMinor: number;
  occurredAt: string;
  postedAt: string;
  cause: Record<string, unknown>;
}

export class CommissionExplanationView extends CommissionView {
  sale: CommissionSaleView;
  /** All that spoke for a binding of the customer in this program, with what became of each. */
  evidence: ConsideredEvidence[];
  /** What holds it. */
  holds: HoldReason[];
  /** What people decided of it, oldest first. */
  decisions: CommissionDecisionView[];
  /** The figures, as they were frozen when it was earned. */
  explanation: CommissionExplanation;
  /** One sentence per step, in the order of the calculation. */
  steps: string[];
  /** Everything that was posted for it, oldest first. */
  ledger: CommissionPostingView[];
}
