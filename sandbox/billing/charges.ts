import { invalidRequest } from '../core/errors.js';
import { stripeId } from '../core/ids.js';
import type { Scope } from '../core/scope.js';
import type { CardBehaviour, Kinds } from '../core/wire.js';
import { availableOn, cardFee, moveBalance } from '../money/balance.js';
import { chargeDetails, SUCCEEDED_OUTCOME } from './charge-details.js';
import { noBillingDetails } from './defaults.js';

type Charge = Kinds['charge'];
type PaymentIntent = Kinds['payment_intent'];

/** Of whom and for what: the part that a payment intent and a charge of its own have in common. */
export type ChargeFields = Pick<
  Charge,
  | 'amount'
  | 'currency'
  | 'customer'
  | 'description'
  | 'metadata'
  | 'payment_intent'
  | 'receipt_email'
  | 'statement_descriptor'
  | 'transfer_group'
> & { payment_method: string };

export const authorized = (charge: Charge): Charge => ({
  ...charge,
  outcome: SUCCEEDED_OUTCOME,
  paid: true,
  receipt_url: `https://pay.stripe.com/receipts/payment/${charge.id}`,
  status: 'succeeded',
});

/** The charge with `captured` of it taken and booked; what was held beyond that is let go. */
export function paidCharge(
  scope: Scope,
  charge: Charge,
  captured: number,
  behaviour: CardBehaviour = 'succeeds',
): Charge {
  const transaction = moveBalance(scope, {
    type: 'charge',
    amount: captured,
    fee: cardFee(captured),
    currency: charge.currency,
    source: charge.id,
    reportingCategory: 'charge',
    description: charge.description,
    availableOn: behaviour === 'succeeds_at_once' ? scope.now : availableOn(scope.now),
  });
  return {
    ...charge,
    amount_captured: captured,
    amount_refunded: charge.amount - captured,
    balance_transaction: transaction.id,
    captured: true,
  };
}

/** Takes what the card holds for the charge, whole or in part, and its payment intent is done. */
export function captureCharge(scope: Scope, charge: Charge, wanted?: number): Charge {
  if (charge.captured) {
    throw invalidRequest(`Charge ${charge.id} has already been captured.`, { code: 'charge_already_captured' });
  }
  if (charge.refunded || !charge.paid) {
    throw invalidRequest(`Charge ${charge.id} is ${charge.paid ? 'released' : 'failed'} and cannot be captured.`, {
      code: 'charge_expired_for_capture',
    });
  }
  const amount = wanted ?? charge.amount;
  if (amount < 1 || amount > charge.amount) {
    throw invalidRequest(`The amount to capture (${amount}) must be between 1 and what is held (${charge.amount}).`, {
      code: amount < 1 ? 'parameter_invalid_integer' : 'amount_too_large',
      param: 'amount_to_capture',
    });
  }
  const captured = scope.update('charge', charge, paidCharge(scope, charge, amount), 'charge.captured');
  const intent = scope.maybe('payment_intent', charge.payment_intent ?? '');
  if (!intent) return captured;
  const patch: Partial<PaymentIntent> = { amount_capturable: 0, amount_received: amount, status: 'succeeded' };
  scope.emit('payment_intent.succeeded', scope.update('payment_intent', intent, patch));
  return captured;
}

/** A charge that nothing has come of yet. */
export function chargeShell(scope: Scope, fields: ChargeFields): Charge {
  const method = scope.maybe('payment_method', fields.payment_method);
  return {
    id: stripeId('ch'),
    object: 'charge',
    amount: fields.amount,
    amount_captured: 0,
    amount_refunded: 0,
    application: null,
    application_fee: null,
    application_fee_amount: null,
    balance_transaction: null,
    billing_details: method?.billing_details ?? noBillingDetails(),
    calculated_statement_descriptor: 'SANDBOX',
    captured: false,
    created: scope.now,
    currency: fields.currency,
    customer: fields.customer,
    description: fields.description,
    disputed: false,
    failure_balance_transaction: null,
    failure_code: null,
    failure_message: null,
    fraud_details: {},
    livemode: false,
    metadata: fields.metadata,
    on_behalf_of: null,
    outcome: null,
    paid: false,
    payment_intent: fields.payment_intent,
    payment_method: fields.payment_method,
    payment_method_details: chargeDetails(method, fields.amount),
    receipt_email: fields.receipt_email,
    receipt_number: null,
    receipt_url: null,
    refunded: false,
    review: null,
    shipping: null,
    source: null,
    source_transfer: null,
    statement_descriptor: fields.statement_descriptor,
    statement_descriptor_suffix: null,
    status: 'failed',
    transfer_data: null,
    transfer_group: fields.transfer_group,
  };
}
