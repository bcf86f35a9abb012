import { invalidRequest } from '../core/errors.js';
import { humanCode } from '../core/ids.js';
import type { Scope } from '../core/scope.js';
import type { Kinds } from '../core/wire.js';
import { changeBalance } from './customer-balance.js';
import type { Invoice } from './invoice-draft.js';
import { abandonPayment, markPaid, openPayment, settleBy } from './invoice-payments.js';
import { confirmIntent, declined } from './payments.js';
import { subscriptionOf, invoicePaid, paymentFailed } from './subscription-dunning.js';

type PaymentIntent = Kinds['payment_intent'];

/** A draft becomes an invoice: number, balance applied, payment opened; with nothing to pay it is paid at once. */
export function finalize(scope: Scope, draft: Invoice): Invoice {
  if (draft.status !== 'draft') {
    throw invalidRequest(`This invoice is already finalized, you can't re-finalize a non-draft invoice.`, {
      code: 'invoice_not_editable',
    });
  }
  const customer = scope.get('customer', draft.customer ?? '', 'customer');
  const balance = applyBalance(scope, draft, customer);
  const open: Invoice = {
    ...draft,
    ...balance,
    effective_at: scope.now,
    hosted_invoice_url: `https://invoice.stripe.com/i/test/${draft.id}`,
    invoice_pdf: `https://pay.stripe.com/invoice/test/${draft.id}/pdf`,
    number: draft.number ?? nextNumber(scope, customer.id),
    status: 'open',
    status_transitions: { ...draft.status_transitions, finalized_at: scope.now },
  };
  if (open.amount_due > 0) openPayment(scope, open);
  scope.emit('invoice.finalized', open);
  const invoice = scope.update('invoice', draft, open, 'invoice.updated');
  return invoice.amount_due === 0 ? markPaid(scope, invoice, 0) : invoice;
}

export interface PayOptions {
  paymentMethod?: string | null;
  outOfBand?: boolean;
}

/** Pays what is due, by the first default payment method found or as told. Throws Stripe's card error when it declines. */
export function pay(scope: Scope, invoice: Invoice, options: PayOptions = {}): Invoice {
  const open = payable(invoice.status === 'draft' ? finalize(scope, invoice) : invoice, invoice.status === 'draft');
  if (open.status === 'paid') return open;
  if (options.outOfBand) return payOutOfBand(scope, open);
  const method = options.paymentMethod ?? defaultPaymentMethod(scope, open);
  if (!method) {
    throw invalidRequest('There is no `default_payment_method` set on this Customer or Invoice. Please set either.');
  }
  const { invoice: after, intent } = attempt(scope, open, method);
  if (after.status !== 'paid' && intent) throw declined(intent);
  return after;
}

/** Stripe's own attempt: it leaves a trace when it fails and throws nothing. */
export function collect(scope: Scope, invoice: Invoice): Invoice {
  if (invoice.status !== 'open' || invoice.collection_method !== 'charge_automatically') return invoice;
  return attempt(scope, invoice, defaultPaymentMethod(scope, invoice)).invoice;
}

function attempt(
  scope: Scope,
  invoice: Invoice,
  method: string | null,
): { invoice: Invoice; intent: PaymentIntent | null } {
  const payment = scope.get('invoice_payment', scope.get('sandbox.invoice', invoice.id).payment ?? '');
  const open = scope.get('payment_intent', payment.payment.payment_intent ?? '');
  const intent = method ? confirmIntent(scope, open, method) : null;
  if (intent?.status !== 'succeeded') return { invoice: paymentFailed(scope, invoice), intent };
  return { invoice: settleBy(scope, payment, intent), intent };
}

/** The order of explicit to general: invoice, subscription, customer. */
export function defaultPaymentMethod(scope: Scope, invoice: Invoice): string | null {
  const subscription = subscriptionOf(scope, invoice);
  const customer = scope.maybe('customer', invoice.customer ?? '');
  return (
    invoice.default_payment_method ??
    subscription?.default_payment_method ??
    customer?.invoice_settings.default_payment_method ??
    legacyDefault(scope, customer?.default_source ?? null)
  );
}

/** A legacy card is a payment method too; other sources cannot pay an invoice here. */
const legacyDefault = (scope: Scope, source: string | null): string | null =>
  source !== null && scope.maybe('payment_method', source) ? source : null;

/** Money that Stripe never sees: the invoice counts as paid, without payment and without `payment_succeeded`. */
function payOutOfBand(scope: Scope, invoice: Invoice): Invoice {
  abandonPayment(scope, invoice, 'canceled');
  const patch: Partial<Invoice> = {
    amount_paid: invoice.amount_due,
    amount_remaining: 0,
    attempted: true,
    auto_advance: false,
    next_payment_attempt: null,
    status: 'paid',
    status_transitions: { ...invoice.status_transitions, paid_at: scope.now },
  };
  const paid = scope.update('invoice', invoice, patch, 'invoice.updated');
  invoicePaid(scope, paid);
  scope.emit('invoice.paid', paid);
  return paid;
}

export function voidInvoice(scope: Scope, invoice: Invoice): Invoice {
  if (invoice.status !== 'open' && invoice.status !== 'uncollectible') throw notPayable(invoice, 'voided');
  abandonPayment(scope, invoice, 'void_invoice');
  giveBalanceBack(scope, invoice);
  const patch: Partial<Invoice> = {
    auto_advance: false,
    next_payment_attempt: null,
    status: 'void',
    status_transitions: { ...invoice.status_transitions, voided_at: scope.now },
  };
  const voided = scope.update('invoice', invoice, patch, 'invoice.updated');
  scope.emit('invoice.voided', voided);
  return voided;
}

export function markUncollectible(scope: Scope, invoice: Invoice): Invoice {
  if (invoice.status !== 'open') throw notPayable(invoice, 'marked uncollectible');
  const patch: Partial<Invoice> = {
    auto_advance: false,
    next_payment_attempt: null,
    status: 'uncollectible',
    status_transitions: { ...invoice.status_transitions, marked_uncollectible_at: scope.now },
  };
  const marked = scope.update('invoice', invoice, patch, 'invoice.updated');
  scope.emit('invoice.marked_uncollectible', marked);
  return marked;
}

function payable(invoice: Invoice, justFinalized: boolean): Invoice {
  if (invoice.status === 'open' || invoice.status === 'uncollectible') return invoice;
  if (invoice.status === 'paid' && justFinalized) return invoice;
  if (invoice.status === 'paid') throw invalidRequest('Invoice is already paid', { code: 'invoice_already_paid' });
  throw notPayable(invoice, 'paid');
}

const notPayable = ({ id, status }: Invoice, what: string): Error =>
  invalidRequest(`Invoice ${id} is ${status ?? ''} and can't be ${what}.`, { code: 'invoice_not_editable' });

/** A credit pays first; a debt is added; a negative total becomes a credit. */
function applyBalance(scope: Scope, invoice: Invoice, customer: Kinds['customer']): Partial<Invoice> {
  const { balance } = customer;
  const due = Math.max(0, invoice.total + balance);
  const ending = due > 0 ? 0 : invoice.total + balance;
  if (ending !== balance) {
    changeBalance(scope, customer, {
      amount: ending - balance,
      currency: invoice.currency,
      type: 'applied_to_invoice',
      invoice: invoice.id,
    });
  }
  return { amount_due: due, amount_remaining: due, starting_balance: balance, ending_balance: ending };
}

function giveBalanceBack(scope: Scope, invoice: Invoice): void {
  const applied = (invoice.ending_balance ?? 0) - invoice.starting_balance;
  const customer = scope.maybe('customer', invoice.customer ?? '');
  if (applied === 0 || !customer) return;
  changeBalance(scope, customer, {
    amount: -applied,
    currency: invoice.currency,
    type: 'unapplied_from_invoice',
    invoice: invoice.id,
  });
}

function nextNumber(scope: Scope, customerId: string): string {
  const customer = scope.get('customer', customerId);
  const sequence = customer.next_invoice_sequence ?? 1;
  const prefix = customer.invoice_prefix ?? humanCode(8);
  scope.update('customer', customer, { invoice_prefix: prefix, next_invoice_sequence: sequence + 1 });
  return `${prefix}-${String(sequence).padStart(4, '0')}`;
}
