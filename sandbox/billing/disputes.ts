import { invalidRequest } from '../core/errors.js';
import { stripeId } from '../core/ids.js';
import type { Scope } from '../core/scope.js';
import type { Kinds } from '../core/wire.js';
import { moveBalance } from '../money/balance.js';

type Dispute = Kinds['dispute'];
type Charge = Kinds['charge'];

/** What the bank takes for a dispute beside its amount. */
const DISPUTE_FEE = 1_500;
const EVIDENCE_DAYS = 7;
const DAY_SECONDS = 86_400;

const NO_EVIDENCE: Dispute['evidence'] = {
  access_activity_log: null,
  billing_address: null,
  cancellation_policy: null,
  cancellation_policy_disclosure: null,
  cancellation_rebuttal: null,
  customer_communication: null,
  customer_email_address: null,
  customer_name: null,
  customer_purchase_ip: null,
  customer_signature: null,
  duplicate_charge_documentation: null,
  duplicate_charge_explanation: null,
  duplicate_charge_id: null,
  enhanced_evidence: {},
  product_description: null,
  receipt: null,
  refund_policy: null,
  refund_policy_disclosure: null,
  refund_refusal_explanation: null,
  service_date: null,
  service_documentation: null,
  shipping_address: null,
  shipping_carrier: null,
  shipping_date: null,
  shipping_documentation: null,
  shipping_tracking_number: null,
  uncategorized_file: null,
  uncategorized_text: null,
};

/** The kinds of evidence that are given as a text or as a file's id. */
export const EVIDENCE_TEXTS = Object.keys(NO_EVIDENCE).filter((name) => name !== 'enhanced_evidence');

export interface DisputeOptions {
  /** The whole charge when absent. */
  amount?: number;
  reason?: string;
  /** An inquiry before a dispute: `warning_needs_response`, no money moves. */
  inquiry?: boolean;
}

/** The cardholder disputes a charge. Money moves only with `withdrawFunds`, which Stripe usually does in the same second. */
export function openDispute(scope: Scope, charge: Charge, options: DisputeOptions = {}): Dispute {
  const amount = options.amount ?? charge.amount;
  if (!charge.paid || amount < 1 || amount > charge.amount) {
    throw invalidRequest(`Charge ${charge.id} of ${charge.amount} cannot be disputed for ${amount}.`, {
      param: 'amount',
    });
  }
  const dispute: Dispute = {
    id: stripeId('du'),
    object: 'dispute',
    amount,
    balance_transactions: [],
    charge: charge.id,
    created: scope.now,
    currency: charge.currency,
    enhanced_eligibility_types: [],
    evidence: NO_EVIDENCE,
    evidence_details: {
      due_by: scope.now + EVIDENCE_DAYS * DAY_SECONDS,
      enhanced_eligibility: {},
      has_evidence: false,
      past_due: false,
      submission_count: 0,
      submission_method: 'not_submitted',
    },
    intended_submission_method: null,
    is_charge_refundable: options.inquiry ?? false,
    livemode: false,
    metadata: {},
    network_reason_code: '10.4',
    payment_intent: charge.payment_intent,
    payment_method_details: {
      card: {
        brand: 'visa',
        case_type: options.inquiry ? 'inquiry' : 'chargeback',
        network: 'visa',
        network_reason_code: '10.4',
      },
      type: 'card',
    },
    reason: options.reason ?? 'general',
    status: options.inquiry ? 'warning_needs_response' : 'needs_response',
  };
  scope.insert('dispute', dispute, 'charge.dispute.created');
  scope.update('charge', charge, { disputed: true }, 'charge.updated');
  return dispute;
}

export function withdrawFunds(scope: Scope, dispute: Dispute): Dispute {
  requireBalance(dispute, 'even');
  return moveDisputed(scope, dispute, -1);
}

export function reinstateFunds(scope: Scope, dispute: Dispute): Dispute {
  requireBalance(dispute, 'withdrawn');
  return moveDisputed(scope, dispute, 1);
}

export function closeDispute(scope: Scope, dispute: Dispute, outcome: 'won' | 'lost' | 'warning_closed'): Dispute {
  if (isClosed(dispute)) throw invalidRequest(`Dispute ${dispute.id} is closed already: ${dispute.status}.`);
  return scope.update('dispute', dispute, { status: outcome }, 'charge.dispute.closed');
}

/** Evidence is kept until it is submitted; from then on the bank looks at it. */
export function submitEvidence(
  scope: Scope,
  dispute: Dispute,
  evidence: Partial<Dispute['evidence']>,
  submits: boolean,
): Dispute {
  if (isClosed(dispute)) {
    throw invalidRequest(`Dispute ${dispute.id} is closed (${dispute.status}) and takes no more evidence.`);
  }
  const { evidence_details: details } = dispute;
  const reviewed = dispute.status.startsWith('warning') ? 'warning_under_review' : 'under_review';
  const patch: Partial<Dispute> = {
    evidence: { ...dispute.evidence, ...evidence },
    evidence_details: {
      ...details,
      has_evidence: true,
      ...(submits && { submission_count: details.submission_count + 1, submission_method: 'manual' }),
    },
    ...(submits && { status: reviewed }),
  };
  return scope.update('dispute', dispute, patch, 'charge.dispute.updated');
}

export const isClosed = ({ status }: Dispute): boolean =>
  ['won', 'lost', 'warning_closed', 'prevented'].includes(status);

function moveDisputed(scope: Scope, dispute: Dispute, sign: 1 | -1): Dispute {
  const transaction = moveBalance(scope, {
    type: 'adjustment',
    amount: sign * dispute.amount,
    fee: -sign * DISPUTE_FEE,
    currency: dispute.currency,
    source: dispute.id,
    reportingCategory: sign < 0 ? 'dispute' : 'dispute_reversal',
    description: sign < 0 ? `Chargeback withdrawal for ${dispute.charge}` : `Chargeback reversal for ${dispute.charge}`,
  });
  const event = sign < 0 ? 'charge.dispute.funds_withdrawn' : 'charge.dispute.funds_reinstated';
  const patch = { balance_transactions: [...dispute.balance_transactions, transaction], is_charge_refundable: false };
  return scope.update('dispute', dispute, patch, event);
}

function requireBalance({ id, balance_transactions }: Dispute, wanted: 'even' | 'withdrawn'): void {
  const sum = balance_transactions.reduce((total, { amount }) => total + amount, 0);
  if (sum < 0 === (wanted === 'withdrawn')) return;
  throw invalidRequest(`The funds of dispute ${id} are ${sum < 0 ? 'withdrawn already' : 'not withdrawn'}.`);
}
