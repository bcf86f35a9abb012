import { StripeFailure } from '../core/errors.js';
import { randomText, stripeId } from '../core/ids.js';
import { keepingChanges, type Scope } from '../core/scope.js';
import type { CardBehaviour, Kinds } from '../core/wire.js';
import { failedOutcome } from './charge-details.js';
import { authorized, chargeShell, paidCharge } from './charges.js';
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
  if (intent.capture_method === 'manual') return authorize(scope, intent, paymentMethod);
  const paid = paidCharge(scope, authorized(chargeOf(scope, intent, paymentMethod)), intent.amount, behaviour);
  scope.insert('charge', paid, 'charge.succeeded');
  const patch: Partial<PaymentIntent> = {
    amount_received: intent.amount,
    last_payment_error: null,
    latest_charge: paid.id,
    payment_method: paymentMethod,
    status: 'succeeded',
  };
  const succeeded = scope.update('payment_intent', intent, patch);
  scope.emit('payment_intent.succeeded', succeeded);
  if (behaviour === 'disputed') withdrawFunds(scope, openDispute(scope, paid, { reason: 'fraudulent' }));
  return succeeded;
}

/** The card holds the amount, and nothing is booked until it is captured. */
function authorize(scope: Scope, intent: PaymentIntent, paymentMethod: string): PaymentIntent {
  const charge = authorized(chargeOf(scope, intent, paymentMethod));
  scope.insert('charge', charge, 'charge.succeeded');
  const held = scope.update('payment_intent', intent, {
    amount_capturable: intent.amount,
    last_payment_error: null,
    latest_charge: charge.id,
    payment_method: paymentMethod,
    status: 'requires_capture',
  });
  scope.emit('payment_intent.amount_capturable_updated', held);
  return held;
}

const chargeOf = (scope: Scope, intent: PaymentIntent, paymentMethod: string): Charge =>
  chargeShell(scope, { ...intent, payment_intent: intent.id, payment_method: paymentMethod });

function decline(scope: Scope, intent: PaymentIntent, paymentMethod: string, behaviour: CardBehaviour): PaymentIntent {
  const declineCode = behaviour === 'insufficient_funds' ? 'insufficient_funds' : 'generic_decline';
  const message = behaviour === 'insufficient_funds' ? 'Your card has insufficient funds.' : 'Your card was declined.';
  const charge: Charge = {
    ...chargeOf(scope, intent, paymentMethod),
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
  const held = intent.status === 'requires_capture' ? scope.maybe('charge', intent.latest_charge ?? '') : undefined;
  // What was held and never taken counts as refunded.
  if (held) scope.update('charge', held, { amount_refunded: held.amount, refunded: true }, 'charge.refunded');
  const patch = {
    amount_capturable: 0,
    canceled_at: scope.now,
    cancellation_reason: reason,
    status: 'canceled' as const,
  };
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
