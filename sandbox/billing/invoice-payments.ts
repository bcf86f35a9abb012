import { invalidRequest } from '../core/errors.js';
import { stripeId } from '../core/ids.js';
import type { Scope } from '../core/scope.js';
import type { Kinds } from '../core/wire.js';
import { changeBalance } from './customer-balance.js';
import type { Invoice } from './invoice-draft.js';
import { cancelIntent, createIntent } from './payments.js';
import { invoicePaid, paymentFailed } from './subscription-dunning.js';

type InvoicePayment = Kinds['invoice_payment'];
type PaymentIntent = Kinds['payment_intent'];

/** The payment that every invoice gets which is finalized with something to pay. */
export function openPayment(scope: Scope, invoice: Invoice): void {
  const intent = createIntent(scope, {
    amount: invoice.amount_due,
    currency: invoice.currency,
    customer: invoice.customer,
    description:
      invoice.billing_reason === 'subscription_create' ? 'Subscription creation' : `Payment for Invoice ${invoice.id}`,
    receiptEmail: invoice.customer_email,
  });
  const payment = addPayment(scope, invoice, intent, true);
  scope.update('sandbox.invoice', scope.get('sandbox.invoice', invoice.id), { payment: payment.id });
}

function addPayment(scope: Scope, invoice: Invoice, intent: PaymentIntent, isDefault: boolean): InvoicePayment {
  return scope.insert('invoice_payment', {
    id: stripeId('inpay'),
    object: 'invoice_payment',
    amount_paid: null,
    amount_requested: intent.amount,
    created: scope.now,
    currency: invoice.currency,
    invoice: invoice.id,
    is_default: isDefault,
    livemode: false,
    payment: { payment_intent: intent.id, type: 'payment_intent' },
    status: 'open',
    status_transitions: { canceled_at: null, paid_at: null },
  });
}

/** A payment that was made, or is to be made, apart from the invoice counts towards it: in part, whole or too much. */
export function attachPayment(scope: Scope, invoice: Invoice, intent: PaymentIntent): Invoice {
  requireAttachable(scope, invoice, intent);
  const payment = addPayment(scope, invoice, intent, false);
  return intent.status === 'succeeded' ? settleBy(scope, payment, intent) : invoice;
}

function requireAttachable(scope: Scope, invoice: Invoice, intent: PaymentIntent): void {
  const refuse = (why: string): Error =>
    invalidRequest(`The PaymentIntent ${intent.id} cannot be attached to invoice ${invoice.id}: ${why}.`, {
      param: 'payment_intent',
    });
  if (invoice.status !== 'open' && invoice.status !== 'uncollectible') {
    throw refuse(`the invoice is ${invoice.status ?? 'unknown'} and must be open`);
  }
  if (intent.status === 'canceled') throw refuse('it is canceled');
  if (intent.currency !== invoice.currency)
    throw refuse(`it is in ${intent.currency}, the invoice in ${invoice.currency}`);
  if (intent.customer !== invoice.customer) throw refuse('it belongs to another customer');
  const [taken] = scope.all('invoice_payment', ({ payment }) => payment.payment_intent === intent.id);
  if (taken) throw refuse(`it is attached to invoice ${taken.invoice} already`);
}

/** The customer confirmed a payment of the invoice in person, as after `default_incomplete`: the invoice follows. */
export function followIntent(scope: Scope, intent: PaymentIntent): void {
  const [payment] = scope.all(
    'invoice_payment',
    (row) => row.payment.payment_intent === intent.id && row.status === 'open',
  );
  const invoice = payment && scope.maybe('invoice', payment.invoice);
  if (!invoice || (invoice.status !== 'open' && invoice.status !== 'uncollectible')) return;
  if (intent.status === 'succeeded') settleBy(scope, payment, intent);
  else if (payment.is_default && intent.status === 'requires_payment_method') paymentFailed(scope, invoice);
}

/** The payment's amount is credited to its invoice, which is paid when nothing remains. */
export function settleBy(scope: Scope, payment: InvoicePayment, intent: PaymentIntent): Invoice {
  const invoice = scope.get('invoice', payment.invoice);
  const amount = intent.amount_received;
  const settled: Partial<InvoicePayment> = {
    amount_paid: amount,
    status: 'paid',
    status_transitions: { canceled_at: null, paid_at: scope.now },
  };
  const row = scope.update('invoice_payment', payment, settled);
  const after =
    amount < invoice.amount_remaining ? payInPart(scope, invoice, amount) : markPaid(scope, invoice, amount);
  scope.emit('invoice_payment.paid', row);
  return after;
}

function payInPart(scope: Scope, invoice: Invoice, amount: number): Invoice {
  const remaining = invoice.amount_remaining - amount;
  requestRemaining(scope, invoice, remaining);
  const patch = { amount_paid: invoice.amount_paid + amount, amount_remaining: remaining };
  return scope.update('invoice', invoice, patch, 'invoice.updated');
}

/** The invoice's own payment asks for no more than what is still to be paid. */
export function requestRemaining(scope: Scope, invoice: Invoice, remaining: number): void {
  const payment = defaultPayment(scope, invoice);
  const intent = scope.maybe('payment_intent', payment?.payment.payment_intent ?? '');
  if (payment?.status !== 'open' || !intent || remaining <= 0) return;
  scope.update('payment_intent', intent, { amount: remaining });
  scope.update('invoice_payment', payment, { amount_requested: remaining });
}

const defaultPayment = (scope: Scope, { id }: Invoice): InvoicePayment | undefined =>
  scope.maybe('invoice_payment', scope.get('sandbox.invoice', id).payment ?? '');

/** `amount` is what came last. More than was due goes to the customer's balance. */
export function markPaid(scope: Scope, invoice: Invoice, amount: number): Invoice {
  const total = invoice.amount_paid + amount;
  const overpaid = Math.max(0, total - invoice.amount_due);
  abandonPayment(scope, invoice, 'canceled');
  const patch: Partial<Invoice> = {
    amount_overpaid: overpaid,
    amount_paid: total,
    amount_remaining: 0,
    attempt_count: invoice.attempt_count + (amount > 0 ? 1 : 0),
    attempted: true,
    auto_advance: false,
    next_payment_attempt: null,
    status: 'paid',
    status_transitions: { ...invoice.status_transitions, paid_at: scope.now },
  };
  const paid = scope.update('invoice', invoice, patch, 'invoice.updated');
  invoicePaid(scope, paid);
  scope.emit('invoice.paid', paid);
  scope.emit('invoice.payment_succeeded', paid);
  if (overpaid > 0) giveOverpaid(scope, paid);
  return paid;
}

function giveOverpaid(scope: Scope, invoice: Invoice): void {
  scope.emit('invoice.overpaid', invoice);
  const customer = scope.maybe('customer', invoice.customer ?? '');
  if (!customer) return;
  changeBalance(scope, customer, {
    amount: -invoice.amount_overpaid,
    currency: invoice.currency,
    type: 'invoice_overpaid',
    invoice: invoice.id,
  });
}

/** Takes the invoice's own payment back when it is not needed any more. */
export function abandonPayment(scope: Scope, invoice: Invoice, why: 'canceled' | 'void_invoice'): void {
  const payment = defaultPayment(scope, invoice);
  if (payment?.status !== 'open') return;
  const transitions = { canceled_at: scope.now, paid_at: null };
  scope.update('invoice_payment', payment, { status: 'canceled', status_transitions: transitions });
  const intent = scope.maybe('payment_intent', payment.payment.payment_intent ?? '');
  if (intent) cancelIntent(scope, intent, why === 'void_invoice' ? 'void_invoice' : 'automatic');
}

/** What was paid of the invoice without Stripe. */
export function paidOffStripe(scope: Scope, invoice: Invoice): number {
  const own = scope.maybe('sandbox.invoice', invoice.id)?.payment ?? '';
  const paidHere = scope.maybe('invoice_payment', own)?.amount_paid ?? 0;
  if (paidHere === invoice.amount_paid) return 0;
  const all = scope.all('invoice_payment', (row) => row.invoice === invoice.id && row.status === 'paid');
  return Math.max(0, invoice.amount_paid - all.reduce((sum, { amount_paid }) => sum + (amount_paid ?? 0), 0));
}
