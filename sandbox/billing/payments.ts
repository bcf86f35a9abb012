import { StripeFailure } from '../core/errors.js';
import { randomText, stripeId } from '../core/ids.js';
import { keepingChanges, type Scope } from '../core/scope.js';
import type { CardBehaviour, Kinds } from '../core/wire.js';
import { availableOn, cardFee, moveBalance } from '../money/balance.js';
import { chargeDetails, failedOutcome, SUCCEEDED_OUTCOME } from './charge-details.js';
import { noBillingDetails } from './defaults.js';
import { openDispute, withdrawFunds } from './disputes.js';

type PaymentIntent = Kinds['payment_intent'];
type Charge = Kinds['charge'];

export interface IntentFields {
  amount: number;
  currency: string;
  customer?: string | null;
  description?: string | null;
  metadata?: Record<string, string>;
  paymentMethod?: string | null;
  receiptEmail?: string | null;
  setupFutureUsage?: PaymentIntent['setup_future_usage'];
  statementDescriptor?: string | null;
  transferGroup?: string | null;
  captureMethod?: 'automatic' | 'automatic_async' | 'manual';
}

export function createIntent(scope: Scope, fields: IntentFields): PaymentIntent {
  const id = stripeId('pi');
  const paymentMethod = fields.paymentMethod ?? null;
  return scope.insert(
    'payment_intent',
    {
      id,
      object: 'payment_intent',
      allowed_payment_method_types: null,
      amount: fields.amount,
      amount_capturable: 0,
      amount_details: { tip: {} },
      amount_received: 0,
      application: null,
      application_fee_amount: null,
      automatic_payment_methods: { allow_redirects: 'always', enabled: true },
      canceled_at: null,
      cancellation_reason: null,
      capture_method: fields.captureMethod ?? 'automatic_async',
      client_secret: `${id}_secret_${randomText(25)}`,
      confirmation_method: 'automatic',
      created: scope.now,
      currency: fields.currency,
      customer: fields.customer ?? null,
      customer_account: null,
      description: fields.description ?? null,
      excluded_payment_method_types: null,
      last_payment_error: null,
      latest_charge: null,
      livemode: false,
      managed_payments: null,
      metadata: fields.metadata ?? {},
      next_action: null,
      on_behalf_of: null,
      payment_method: paymentMethod,
      payment_method_configuration_details: null,
      payment_method_options: {
        card: { installments: null, mandate_options: null, network: null, request_three_d_secure: 'automatic' },
      },
      payment_method_types: ['card'],
      payment_record: null,
      processing: null,
      receipt_email: fields.receiptEmail ?? null,
      review: null,
      setup_future_usage: fields.setupFutureUsage ?? null,
      shipping: null,
      source: null,
      statement_descriptor: fields.statementDescriptor ?? null,
      statement_descriptor_suffix: null,
      status: paymentMethod ? 'requires_confirmation' : 'requires_payment_method',
      transfer_group: fields.transferGroup ?? null,
    },
    'payment_intent.created',
  );
}

/** What a payment with this method does; unknown methods succeed. */
export function behaviourOf(scope: Scope, paymentMethod: string): CardBehaviour {
  return scope.maybe('sandbox.card', paymentMethod)?.behaviour ?? 'succeeds';
}

/** Tries the payment: the intent afterwards, `succeeded` or back at `requires_payment_method` with its error. */
export function confirmIntent(scope: Scope, intent: PaymentIntent, paymentMethod: string): PaymentIntent {
  const behaviour = behaviourOf(scope, paymentMethod);
  return behaviour === 'declines' || behaviour === 'insufficient_funds'
    ? decline(scope, intent, paymentMethod, behaviour)
    : succeed(scope, intent, paymentMethod, behaviour);
}

/** A delayed payment that has been started and whose outcome is still to come. */
export function startProcessing(scope: Scope, intent: PaymentIntent, paymentMethod: string): PaymentIntent {
  const patch = { status: 'processing' as const, payment_method: paymentMethod };
  return scope.update('payment_intent', intent, patch, 'payment_intent.processing');
}

export function succeed(
  scope: Scope,
  intent: PaymentIntent,
  paymentMethod: string,
  behaviour: CardBehaviour = 'succeeds',
): PaymentIntent {
  const charge = chargeShell(scope, intent, paymentMethod);
  const transaction = moveBalance(scope, {
    type: 'charge',
    amount: intent.amount,
    fee: cardFee(intent.amount),
    currency: intent.currency,
    source: charge.id,
    reportingCategory: 'charge',
    description: intent.description,
    availableOn: behaviour === 'succeeds_at_once' ? scope.now : availableOn(scope.now),
  });
  const paid: Charge = {
    ...charge,
    amount_captured: intent.amount,
    balance_transaction: transaction.id,
    captured: true,
    outcome: SUCCEEDED_OUTCOME,
    paid: true,
    receipt_url: `https://pay.stripe.com/receipts/payment/${charge.id}`,
    status: 'succeeded',
  };
  scope.insert('charge', paid, 'charge.succeeded');
  const patch: Partial<PaymentIntent> = {
    amount_received: intent.amount,
    last_payment_error: null,
    latest_charge: charge.id,
    payment_method: paymentMethod,
    status: 'succeeded',
  };
  const succeeded = scope.update('payment_intent', intent, patch);
  scope.emit('payment_intent.succeeded', succeeded);
  if (behaviour === 'disputed') withdrawFunds(scope, openDispute(scope, paid, { reason: 'fraudulent' }));
  return succeeded;
}

function decline(scope: Scope, intent: PaymentIntent, paymentMethod: string, behaviour: CardBehaviour): PaymentIntent {
  const declineCode = behaviour === 'insufficient_funds' ? 'insufficient_funds' : 'generic_decline';
  const message = behaviour === 'insufficient_funds' ? 'Your card has insufficient funds.' : 'Your card was declined.';
  const charge: Charge = {
    ...chargeShell(scope, intent, paymentMethod),
    failure_code: 'card_declined',
    failure_message: message,
    outcome: failedOutcome(declineCode),
  };
  scope.insert('charge', charge, 'charge.failed');
  const failed = scope.update('payment_intent', intent, {
    last_payment_error: {
      charge: charge.id,
      code: 'card_declined',
      decline_code: declineCode,
      doc_url: 'https://docs.stripe.com/error-codes/card-declined',
      message,
      type: 'card_error',
    },
    latest_charge: charge.id,
    payment_method: null,
    status: 'requires_payment_method',
  });
  scope.emit('payment_intent.payment_failed', failed);
  return failed;
}

export function cancelIntent(
  scope: Scope,
  intent: PaymentIntent,
  reason: PaymentIntent['cancellation_reason'],
): PaymentIntent {
  const patch = { canceled_at: scope.now, cancellation_reason: reason, status: 'canceled' as const };
  const canceled = scope.update('payment_intent', intent, patch);
  scope.emit('payment_intent.canceled', canceled);
  return canceled;
}

/** The refusal that a declined intent answers with; what the attempt left on record stays. */
export function declined(intent: PaymentIntent): StripeFailure {
  const error = intent.last_payment_error;
  return keepingChanges(
    new StripeFailure(402, 'card_error', error?.message ?? 'Your card was declined.', {
      code: error?.code ?? 'card_declined',
      declineCode: error?.decline_code,
      charge: error?.charge,
      paymentIntent: intent,
    }),
  );
}

function chargeShell(scope: Scope, intent: PaymentIntent, paymentMethod: string): Charge {
  const method = scope.maybe('payment_method', paymentMethod);
  return {
    id: stripeId('ch'),
    object: 'charge',
    amount: intent.amount,
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
    currency: intent.currency,
    customer: intent.customer,
    description: intent.description,
    disputed: false,
    failure_balance_transaction: null,
    failure_code: null,
    failure_message: null,
    fraud_details: {},
    livemode: false,
    metadata: intent.metadata,
    on_behalf_of: null,
    outcome: null,
    paid: false,
    payment_intent: intent.id,
    payment_method: paymentMethod,
    payment_method_details: chargeDetails(method, intent.amount),
    receipt_email: intent.receipt_email,
    receipt_number: null,
    receipt_url: null,
    refunded: false,
    review: null,
    shipping: null,
    source: null,
    source_transfer: null,
    statement_descriptor: intent.statement_descriptor,
    statement_descriptor_suffix: null,
    status: 'failed',
    transfer_data: null,
    transfer_group: intent.transfer_group,
  };
}
