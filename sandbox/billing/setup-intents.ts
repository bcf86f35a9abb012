import { invalidRequest, StripeFailure } from '../core/errors.js';
import { randomText, stripeId } from '../core/ids.js';
import { keepingChanges, type Scope } from '../core/scope.js';
import type { Kinds } from '../core/wire.js';
import { attach } from './payment-methods.js';
import { behaviourOf } from './payments.js';

type SetupIntent = Kinds['setup_intent'];
type PaymentMethod = Kinds['payment_method'];

/** Kinds whose later use the customer permits in writing. */
const MANDATE_KINDS = ['acss_debit', 'au_becs_debit', 'bacs_debit', 'sepa_debit', 'us_bank_account'];
const CONFIRMABLE = ['requires_confirmation', 'requires_payment_method'];
const CANCELABLE = [...CONFIRMABLE, 'requires_action'];

export interface SetupFields {
  customer: string | null;
  description: string | null;
  metadata: Record<string, string>;
  paymentMethod: string | null;
  types: string[];
  usage: 'off_session' | 'on_session';
}

export function createSetup(scope: Scope, fields: SetupFields): SetupIntent {
  const id = stripeId('seti');
  return scope.insert(
    'setup_intent',
    {
      id,
      object: 'setup_intent',
      allowed_payment_method_types: null,
      application: null,
      automatic_payment_methods: { allow_redirects: 'always', enabled: true },
      cancellation_reason: null,
      client_secret: `${id}_secret_${randomText(25)}`,
      created: scope.now,
      customer: fields.customer,
      customer_account: null,
      description: fields.description,
      excluded_payment_method_types: null,
      flow_directions: null,
      last_setup_error: null,
      latest_attempt: null,
      livemode: false,
      mandate: null,
      metadata: fields.metadata,
      next_action: null,
      on_behalf_of: null,
      payment_method: fields.paymentMethod,
      payment_method_configuration_details: null,
      payment_method_options: { card: { mandate_options: null, network: null, request_three_d_secure: 'automatic' } },
      payment_method_types: fields.types,
      single_use_mandate: null,
      status: fields.paymentMethod ? 'requires_confirmation' : 'requires_payment_method',
      usage: fields.usage,
    },
    'setup_intent.created',
  );
}

const unexpected = (intent: SetupIntent, what: string): StripeFailure =>
  invalidRequest(`You cannot ${what} this SetupIntent because it has a status of ${intent.status}.`, {
    code: 'setup_intent_unexpected_state',
  });

/** The method is saved for later: attached to the customer, with a mandate where its kind needs one. */
export function confirmSetup(scope: Scope, intent: SetupIntent, method: PaymentMethod | null): SetupIntent {
  if (!CONFIRMABLE.includes(intent.status)) throw unexpected(intent, 'confirm');
  if (!method) {
    throw invalidRequest('You cannot confirm this SetupIntent because it is missing a payment method.', {
      code: 'parameter_missing',
      param: 'payment_method',
    });
  }
  const behaviour = behaviourOf(scope, method.id);
  if (behaviour === 'declines' || behaviour === 'insufficient_funds') throw refused(scope, intent, method);
  const attempt = recordAttempt(scope, intent, method, 'succeeded');
  const customer = intent.customer ? scope.get('customer', intent.customer) : null;
  if (customer) attach(scope, method, customer);
  const succeeded = scope.update('setup_intent', intent, {
    last_setup_error: null,
    latest_attempt: attempt.id,
    mandate: MANDATE_KINDS.includes(method.type) ? permit(scope, method) : null,
    payment_method: method.id,
    status: 'succeeded',
  });
  scope.emit('setup_intent.succeeded', succeeded);
  return succeeded;
}

function refused(scope: Scope, intent: SetupIntent, method: PaymentMethod): StripeFailure {
  const attempt = recordAttempt(scope, intent, method, 'failed');
  const error = {
    code: 'card_declined' as const,
    decline_code: 'generic_decline',
    doc_url: 'https://docs.stripe.com/error-codes/card-declined',
    message: 'Your card was declined.',
    payment_method: method,
    type: 'card_error' as const,
  };
  const failed = scope.update('setup_intent', intent, {
    last_setup_error: error,
    latest_attempt: attempt.id,
    payment_method: null,
    status: 'requires_payment_method',
  });
  scope.emit('setup_intent.setup_failed', failed);
  return keepingChanges(
    new StripeFailure(402, 'card_error', error.message, { code: error.code, declineCode: error.decline_code }),
  );
}

function recordAttempt(
  scope: Scope,
  intent: SetupIntent,
  method: PaymentMethod,
  status: 'succeeded' | 'failed',
): Kinds['setup_attempt'] {
  return scope.insert('setup_attempt', {
    id: stripeId('setatt'),
    object: 'setup_attempt',
    application: null,
    created: scope.now,
    customer: intent.customer,
    customer_account: null,
    flow_directions: null,
    livemode: false,
    on_behalf_of: null,
    payment_method: method.id,
    payment_method_details: attemptDetails(method),
    setup_error:
      status === 'failed' ? { code: 'card_declined', message: 'Your card was declined.', type: 'card_error' } : null,
    setup_intent: intent.id,
    status,
    usage: intent.usage,
  });
}

function attemptDetails({ type, card }: PaymentMethod): Kinds['setup_attempt']['payment_method_details'] {
  if (!card) return { type, [type]: {} };
  const { brand, checks, country, exp_month, exp_year, fingerprint, funding, last4 } = card;
  const shown = { brand, checks, country, exp_month, exp_year, fingerprint, funding, last4 };
  return { type, card: { ...shown, network: brand, three_d_secure: null, wallet: null } };
}

function permit(scope: Scope, { id, type, sepa_debit: sepa }: PaymentMethod): string {
  const mandate = stripeId('mandate');
  scope.insert('mandate', {
    id: mandate,
    object: 'mandate',
    customer_acceptance: { accepted_at: scope.now, online: { ip_address: null, user_agent: null }, type: 'online' },
    livemode: false,
    multi_use: {},
    payment_method: id,
    payment_method_details: sepa
      ? {
          type,
          sepa_debit: {
            reference: randomText(16).toUpperCase(),
            url: `https://hooks.stripe.com/adapter/sepa_debit/${mandate}`,
          },
        }
      : { type, [type]: {} },
    status: 'active',
    type: 'multi_use',
  });
  return mandate;
}

export function cancelSetup(
  scope: Scope,
  intent: SetupIntent,
  reason: SetupIntent['cancellation_reason'],
): SetupIntent {
  if (!CANCELABLE.includes(intent.status)) throw unexpected(intent, 'cancel');
  const canceled = scope.update('setup_intent', intent, { cancellation_reason: reason, status: 'canceled' });
  scope.emit('setup_intent.canceled', canceled);
  return canceled;
}
