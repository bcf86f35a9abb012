import { invalidRequest } from '../core/errors.js';
import { stripeId } from '../core/ids.js';
import type { Scope } from '../core/scope.js';
import type { Kinds } from '../core/wire.js';
import { embedded } from '../http/listing.js';
import { requirePayableAmount } from '../money/payable-amount.js';
import { availableFunds, moveBalance } from '../money/balance.js';
import { SUCCEEDED_OUTCOME } from './charge-details.js';
import { noBillingDetails } from './defaults.js';

type Transfer = Kinds['transfer'];
type Reversal = Kinds['transfer_reversal'];

export interface TransferFields {
  amount: number;
  currency: string;
  destination: string;
  description?: string;
  metadata?: Record<string, string>;
  sourceTransaction?: string;
  transferGroup?: string;
}

/** Moves funds of the platform to a connected account, where they arrive as a payment. */
export function createTransfer(scope: Scope, fields: TransferFields): Transfer {
  const { amount, currency, destination } = fields;
  requirePayableAmount(amount, currency);
  requireReceiver(scope, destination);
  const source = fields.sourceTransaction ? scope.get('charge', fields.sourceTransaction, 'source_transaction') : null;
  // Against a charge Stripe transfers before the charge's funds are there.
  if (!source && availableFunds(scope, currency) < amount) throw insufficient();
  const id = stripeId('tr');
  const transaction = moveBalance(scope, {
    type: 'transfer',
    amount: -amount,
    currency,
    source: id,
    reportingCategory: 'transfer',
    description: fields.description ?? null,
  });
  const transfer: Transfer = {
    id,
    object: 'transfer',
    amount,
    amount_reversed: 0,
    balance_transaction: transaction.id,
    created: scope.now,
    currency,
    description: fields.description ?? null,
    destination,
    destination_payment: arrive(scope, id, fields),
    livemode: false,
    metadata: fields.metadata ?? {},
    reversals: embedded([], `/v1/transfers/${id}/reversals`),
    reversed: false,
    source_transaction: source?.id ?? null,
    source_type: 'card',
    transfer_group: fields.transferGroup ?? source?.transfer_group ?? (source ? `group_${source.id}` : null),
  };
  return scope.insert('transfer', transfer, 'transfer.created');
}

const insufficient = (): Error =>
  invalidRequest(
    'You have insufficient funds in your Stripe account for this transfer. Your card balance is too low. You can use the the /v1/balance endpoint to view your Stripe balance (for more details, see stripe.com/docs/api#balance).',
    { code: 'balance_insufficient' },
  );

/** A recipient needs the capability `transfers`, and nothing else: it may well be unable to charge. */
function requireReceiver(scope: Scope, destination: string): void {
  const account = scope.get('account', destination, 'destination');
  if (scope.world.isDeauthorized(destination)) {
    throw invalidRequest(`No such destination: '${destination}'`, { code: 'resource_missing', param: 'destination' });
  }
  if (account.capabilities?.transfers === 'active') return;
  throw invalidRequest(
    'Your destination account needs to have at least one of the following capabilities enabled: transfers, crypto_transfers, legacy_payments',
    { code: 'insufficient_capabilities_for_transfer', param: 'destination' },
  );
}

function arrive(scope: Scope, transfer: string, fields: TransferFields): string {
  const there = scope.in(fields.destination);
  const id = stripeId('py');
  const transaction = moveBalance(there, {
    type: 'payment',
    amount: fields.amount,
    currency: fields.currency,
    source: id,
    reportingCategory: 'platform_earning',
    description: fields.description ?? null,
  });
  const payment: Kinds['charge'] = {
    id,
    object: 'charge',
    amount: fields.amount,
    amount_captured: fields.amount,
    amount_refunded: 0,
    application: null,
    application_fee: null,
    application_fee_amount: null,
    balance_transaction: transaction.id,
    billing_details: noBillingDetails(),
    calculated_statement_descriptor: null,
    captured: true,
    created: scope.now,
    currency: fields.currency,
    customer: null,
    description: fields.description ?? null,
    disputed: false,
    failure_balance_transaction: null,
    failure_code: null,
    failure_message: null,
    fraud_details: {},
    livemode: false,
    metadata: {},
    on_behalf_of: null,
    outcome: SUCCEEDED_OUTCOME,
    paid: true,
    payment_intent: null,
    payment_method: null,
    payment_method_details: { stripe_account: {}, type: 'stripe_account' },
    receipt_email: null,
    receipt_number: null,
    receipt_url: null,
    refunded: false,
    review: null,
    shipping: null,
    source: null,
    source_transfer: transfer,
    statement_descriptor: null,
    statement_descriptor_suffix: null,
    status: 'succeeded',
    transfer_data: null,
    transfer_group: fields.transferGroup ?? null,
  };
  there.insert('charge', payment);
  return id;
}

/** Takes a transfer back, whole or in parts, from what the receiver still has. */
export function reverseTransfer(
  scope: Scope,
  transfer: Transfer,
  fields: { amount?: number; metadata?: Record<string, string>; description?: string },
): Reversal {
  const left = transfer.amount - transfer.amount_reversed;
  const amount = fields.amount ?? left;
  if (left === 0)
    throw invalidRequest(`Transfer ${transfer.id} is already fully reversed.`, { code: 'transfer_already_reversed' });
  if (amount < 1 || amount > left) {
    throw invalidRequest(`Reversal amount (${amount}) is greater than the unreversed amount (${left}).`, {
      param: 'amount',
    });
  }
  const there = scope.in(transfer.destination ?? '');
  if (availableFunds(there, transfer.currency) < amount) {
    throw invalidRequest('The destination account has insufficient funds for this reversal.', {
      code: 'balance_insufficient',
    });
  }
  const id = stripeId('trr');
  const source = { currency: transfer.currency, source: id };
  const transaction = moveBalance(scope, {
    ...source,
    type: 'transfer_refund',
    amount,
    reportingCategory: 'transfer_reversal',
  });
  moveBalance(there, {
    ...source,
    type: 'payment_refund',
    amount: -amount,
    reportingCategory: 'platform_earning_refund',
  });
  const reversal: Reversal = {
    id,
    object: 'transfer_reversal',
    amount,
    balance_transaction: transaction.id,
    created: scope.now,
    currency: transfer.currency,
    destination_payment_refund: null,
    metadata: fields.metadata ?? {},
    source_refund: null,
    transfer: transfer.id,
  };
  scope.insert('transfer_reversal', reversal);
  const all = [reversal, ...transfer.reversals.data];
  const patch = {
    amount_reversed: transfer.amount_reversed + amount,
    reversals: embedded(all, transfer.reversals.url),
    reversed: amount === left,
  };
  scope.update('transfer', transfer, patch, 'transfer.reversed');
  return reversal;
}
