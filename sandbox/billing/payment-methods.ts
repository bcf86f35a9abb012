import { invalidRequest } from '../core/errors.js';
import { stripeId } from '../core/ids.js';
import type { Scope } from '../core/scope.js';
import type { CardBehaviour, Kinds } from '../core/wire.js';
import { noBillingDetails } from './defaults.js';
import { fingerprintOf, kindDetails, TEST_METHODS } from './payment-method-kinds.js';

type PaymentMethod = Kinds['payment_method'];

export interface TestCard {
  brand: string;
  last4: string;
  behaviour: CardBehaviour;
}

/** Stripe's test cards by the name of their payment method (and of their token). */
const TEST_CARDS: Record<string, TestCard> = {
  visa: { brand: 'visa', last4: '4242', behaviour: 'succeeds' },
  visa_debit: { brand: 'visa', last4: '5556', behaviour: 'succeeds' },
  mastercard: { brand: 'mastercard', last4: '4444', behaviour: 'succeeds' },
  amex: { brand: 'amex', last4: '8431', behaviour: 'succeeds' },
  bypassPending: { brand: 'visa', last4: '0077', behaviour: 'succeeds_at_once' },
  chargeCustomerFail: { brand: 'visa', last4: '0341', behaviour: 'declines' },
  chargeDeclined: { brand: 'visa', last4: '0002', behaviour: 'declines' },
  visa_chargeDeclined: { brand: 'visa', last4: '0002', behaviour: 'declines' },
  chargeDeclinedInsufficientFunds: { brand: 'visa', last4: '9995', behaviour: 'insufficient_funds' },
  visa_chargeDeclinedInsufficientFunds: { brand: 'visa', last4: '9995', behaviour: 'insufficient_funds' },
  createDispute: { brand: 'visa', last4: '0259', behaviour: 'disputed' },
};

const EXPIRY = { exp_month: 12, exp_year: 2040 };

/** `pm_card_visa`, `tok_visa` and the like: the card they stand for. */
export function testCard(name: string): TestCard | null {
  const match = /^(?:pm_card_|tok_)(.+)$/.exec(name);
  return TEST_CARDS[match?.[1] ?? ''] ?? null;
}

/** The id of a payment method of ours: a test name makes a new one on first use, as Stripe does. */
export function resolvePaymentMethod(
  scope: Scope,
  id: string,
  email: string | null = null,
  name: string | null = null,
): string {
  const card = testCard(id);
  if (card) return newCard(scope, card, { email, name }).id;
  const other = TEST_METHODS[id];
  if (other) return newMethod(scope, kindDetails(other.type, other.sent, email), { email, name }).id;
  return scope.get('payment_method', id, 'payment_method').id;
}

export interface MethodFields {
  /** Chosen beforehand by a legacy card, which is a payment method under its own id. */
  id?: string;
  customer?: string;
  email?: string | null;
  name?: string | null;
  phone?: string | null;
  address?: PaymentMethod['billing_details']['address'];
  metadata?: Record<string, string>;
  allowRedisplay?: string;
}

export function newCard(scope: Scope, card: TestCard, fields: MethodFields = {}): PaymentMethod {
  const method = newMethod(scope, { card: cardDetails(card), type: 'card' }, fields);
  scope.insert('sandbox.card', {
    id: method.id,
    object: 'sandbox.card',
    created: scope.now,
    behaviour: card.behaviour,
  });
  return method;
}

export function newMethod(
  scope: Scope,
  details: Partial<PaymentMethod> & { type: PaymentMethod['type'] },
  fields: MethodFields = {},
): PaymentMethod {
  const billing = noBillingDetails(fields.email ?? null, fields.name ?? null);
  return scope.insert('payment_method', {
    id: fields.id ?? stripeId('pm'),
    object: 'payment_method',
    allow_redisplay: fields.allowRedisplay ?? 'unspecified',
    billing_details: { ...billing, address: fields.address ?? billing.address, phone: fields.phone ?? null },
    created: scope.now,
    customer: fields.customer ?? null,
    customer_account: null,
    livemode: false,
    metadata: fields.metadata ?? {},
    ...details,
  });
}

/** The same card number has the same fingerprint, which is how self-referrals are found. */
const cardDetails = ({ brand, last4 }: TestCard): NonNullable<PaymentMethod['card']> => ({
  brand,
  checks: { address_line1_check: null, address_postal_code_check: null, cvc_check: 'pass' },
  country: 'US',
  display_brand: brand,
  ...EXPIRY,
  fingerprint: fingerprintOf(brand, last4),
  funding: 'credit',
  generated_from: null,
  last4,
  networks: { available: [brand], preferred: null },
  regulated_status: 'unregulated',
  three_d_secure_usage: { supported: true },
  wallet: null,
});

export function attach(scope: Scope, method: PaymentMethod, customer: Kinds['customer']): PaymentMethod {
  if (method.customer === customer.id) return method;
  if (method.customer !== null) {
    throw invalidRequest('The payment method you provided has already been attached to a customer.', {
      param: 'payment_method',
    });
  }
  const attached = scope.update('payment_method', method, { customer: customer.id });
  scope.emit('payment_method.attached', attached);
  return attached;
}

export function detach(scope: Scope, method: PaymentMethod): PaymentMethod {
  if (method.customer === null) {
    throw invalidRequest('The payment method you provided is not attached to a customer so detachment is impossible.');
  }
  const customer = scope.maybe('customer', method.customer);
  const detached = scope.update('payment_method', method, { customer: null });
  scope.emit('payment_method.detached', detached, { customer: method.customer });
  for (const row of scope.all('subscription', (one) => one.default_payment_method === method.id)) {
    scope.update('subscription', row, { default_payment_method: null }, 'customer.subscription.updated');
  }
  if (customer?.invoice_settings.default_payment_method === method.id) {
    const settings = { ...customer.invoice_settings, default_payment_method: null };
    scope.update('customer', customer, { invoice_settings: settings }, 'customer.updated');
  }
  return detached;
}
