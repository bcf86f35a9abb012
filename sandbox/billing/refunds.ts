import { invalidRequest } from '../core/errors.js';
import { randomText, stripeId } from '../core/ids.js';
import { previousAttributes } from '../core/previous-attributes.js';
import type { Scope } from '../core/scope.js';
import type { Kinds } from '../core/wire.js';
import { moveBalance } from '../money/balance.js';

type Refund = Kinds['refund'];
type Charge = Kinds['charge'];

export interface RefundFields {
  /** All that is left when absent. */
  amount?: number;
  reason?: Refund['reason'];
  metadata?: Record<string, string>;
}

/** Gives money of a charge back, never more than is left of it. */
export function refundCharge(scope: Scope, charge: Charge, fields: RefundFields): Refund {
  const amount = refundable(charge, fields.amount);
  const id = stripeId('re');
  const transaction = moveBalance(scope, {
    type: 'refund',
    amount: -amount,
    currency: charge.currency,
    source: id,
    reportingCategory: 'refund',
    description: `REFUND FOR CHARGE${charge.description ? ` (${charge.description})` : ''}`,
  });
  const refund: Refund = {
    id,
    object: 'refund',
    amount,
    balance_transaction: transaction.id,
    charge: charge.id,
    created: scope.now,
    currency: charge.currency,
    customer: charge.customer,
    customer_account: null,
    destination_details: {
      card: { reference_status: 'pending', reference_type: 'acquirer_reference_number', type: 'refund' },
      type: 'card',
    },
    metadata: fields.metadata ?? {},
    payment_intent: charge.payment_intent,
    payment_method: charge.payment_method,
    reason: fields.reason ?? null,
    receipt_number: null,
    source_transfer_reversal: null,
    status: 'succeeded',
    transfer_reversal: null,
  };
  scope.insert('refund', refund, 'refund.created');
  const refunded = charge.amount_refunded + amount;
  const patch = { amount_refunded: refunded, refunded: refunded === charge.amount };
  scope.update('charge', charge, patch, 'charge.refunded');
  return confirmReference(scope, refund);
}

/** The bank's reference arrives a moment later and is told as an update of its own. */
function confirmReference(scope: Scope, refund: Refund): Refund {
  const card = {
    reference: randomText(12).toUpperCase(),
    reference_status: 'available',
    reference_type: 'acquirer_reference_number',
    type: 'refund' as const,
  };
  return updateRefund(scope, refund, { destination_details: { card, type: 'card' } });
}

/** Stripe tells the same change twice, under the refund's name and under the charge's. */
export function updateRefund(scope: Scope, refund: Refund, patch: Partial<Refund>): Refund {
  const before = scope.get('refund', refund.id);
  const changed = scope.update('refund', before, patch, 'refund.updated');
  const previous = previousAttributes(before, changed);
  if (previous) scope.emit('charge.refund.updated', changed, previous);
  return changed;
}

/** The refund comes back from the bank: the money is the platform's again, and the charge counts as not refunded by it. */
export function failRefund(scope: Scope, refund: Refund, reason = 'expired_or_canceled_card'): Refund {
  if (refund.status === 'failed' || refund.status === 'canceled') {
    throw invalidRequest(`Refund ${refund.id} is ${refund.status} already.`);
  }
  const transaction = moveBalance(scope, {
    type: 'refund_failure',
    amount: refund.amount,
    currency: refund.currency,
    source: refund.id,
    reportingCategory: 'refund_failure',
    description: `REFUND FAILURE (${refund.id})`,
  });
  const patch: Partial<Refund> = {
    failure_balance_transaction: transaction.id,
    failure_reason: reason,
    status: 'failed',
  };
  const failed = updateRefund(scope, refund, patch);
  scope.emit('refund.failed', failed);
  const charge = scope.get('charge', refund.charge ?? '');
  const left = charge.amount_refunded - refund.amount;
  scope.update('charge', charge, { amount_refunded: left, refunded: false }, 'charge.updated');
  return failed;
}

function refundable(charge: Charge, wanted?: number): number {
  if (!charge.paid || !charge.captured) {
    throw invalidRequest(`Charge ${charge.id} has not been paid.`, { code: 'charge_not_refundable' });
  }
  if (charge.refunded) {
    throw invalidRequest(`Charge ${charge.id} has already been refunded.`, { code: 'charge_already_refunded' });
  }
  if (charge.disputed) {
    throw invalidRequest(`Charge ${charge.id} has been charged back; cannot issue a refund.`, {
      code: 'charge_disputed',
    });
  }
  const left = charge.amount - charge.amount_refunded;
  const amount = wanted ?? left;
  if (amount < 1)
    throw invalidRequest('Invalid positive integer', { param: 'amount', code: 'parameter_invalid_integer' });
  if (amount > left) {
    const message = `Refund amount (${amount}) is greater than unrefunded amount on charge (${left})`;
    throw invalidRequest(message, { param: 'amount', code: 'amount_too_large' });
  }
  return amount;
}
