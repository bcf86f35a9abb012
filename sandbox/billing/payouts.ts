import { invalidRequest } from '../core/errors.js';
import { stripeId } from '../core/ids.js';
import type { Scope } from '../core/scope.js';
import type { Kinds } from '../core/wire.js';
import { requirePayableAmount } from '../money/payable-amount.js';
import { availableFunds, moveBalance } from '../money/balance.js';

type Payout = Kinds['payout'];

const DAY_SECONDS = 86_400;
/** A bank takes so long. */
const ARRIVAL_DAYS = 2;

export interface PayoutFields {
  amount: number;
  currency: string;
  description?: string;
  metadata?: Record<string, string>;
  statementDescriptor?: string;
}

export function createPayout(scope: Scope, fields: PayoutFields): Payout {
  const { amount, currency } = fields;
  requirePayableAmount(amount, currency);
  if (availableFunds(scope, currency) < amount) {
    throw invalidRequest('You have insufficient funds in your Stripe account for this transfer.', {
      code: 'balance_insufficient',
    });
  }
  const id = stripeId('po');
  const arrival = (Math.floor(scope.now / DAY_SECONDS) + ARRIVAL_DAYS) * DAY_SECONDS;
  const transaction = moveBalance(scope, {
    type: 'payout',
    amount: -amount,
    currency,
    source: id,
    reportingCategory: 'payout',
    description: fields.description ?? 'STRIPE PAYOUT',
    availableOn: scope.now,
  });
  const payout: Payout = {
    id,
    object: 'payout',
    amount,
    application_fee: null,
    application_fee_amount: null,
    arrival_date: arrival,
    automatic: false,
    balance_transaction: transaction.id,
    created: scope.now,
    currency,
    description: fields.description ?? null,
    destination: stripeId('ba'),
    failure_balance_transaction: null,
    failure_code: null,
    failure_message: null,
    livemode: false,
    metadata: fields.metadata ?? {},
    method: 'standard',
    original_payout: null,
    payout_method: null,
    reconciliation_status: 'not_applicable',
    reversed_by: null,
    source_type: 'card',
    statement_descriptor: fields.statementDescriptor ?? null,
    status: 'pending',
    trace_id: null,
    type: 'bank_account',
  };
  return scope.insert('payout', payout, 'payout.created');
}

/** The bank's answer. `paid` says that the money is expected to be there, and may still become `failed`. */
export function settlePayout(scope: Scope, payout: Payout, outcome: 'paid' | 'failed' | 'canceled'): Payout {
  const allowed =
    payout.status === 'pending' || payout.status === 'in_transit' || (payout.status === 'paid' && outcome === 'failed');
  if (!allowed) throw invalidRequest(`Payout ${payout.id} is ${payout.status} and cannot become ${outcome}.`);
  if (outcome === 'paid') {
    const paid = scope.update('payout', payout, {
      status: 'paid',
      trace_id: { status: 'supported', value: payout.id },
    });
    scope.emit('payout.paid', paid);
    return paid;
  }
  const transaction = moveBalance(scope, {
    type: outcome === 'failed' ? 'payout_failure' : 'payout_cancel',
    amount: payout.amount,
    currency: payout.currency,
    source: payout.id,
    reportingCategory: 'payout_reversal',
  });
  const settled = scope.update('payout', payout, {
    failure_balance_transaction: transaction.id,
    ...(outcome === 'failed' && {
      failure_code: 'account_closed',
      failure_message: 'The bank account has been closed.',
    }),
    status: outcome,
  });
  scope.emit(`payout.${outcome}`, settled);
  return settled;
}
