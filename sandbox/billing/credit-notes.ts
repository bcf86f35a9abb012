import { invalidRequest } from '../core/errors.js';
import { stripeId } from '../core/ids.js';
import type { Scope } from '../core/scope.js';
import type { Kinds } from '../core/wire.js';
import { embedded } from '../http/listing.js';
import { changeBalance } from './customer-balance.js';
import type { Invoice } from './invoice-draft.js';
import { markPaid, requestRemaining } from './invoice-payments.js';
import { refundCharge } from './refunds.js';

export type CreditNote = Kinds['credit_note'];
export type CreditNoteLine = CreditNote['lines']['data'][number];

export interface CreditNoteFields {
  /** The whole note; the sum of the lines when absent. */
  amount?: number;
  lines: CreditNoteLine[];
  reason?: CreditNote['reason'];
  memo?: string | null;
  metadata?: Record<string, string>;
  /** Goes back to where it was paid from. */
  refundAmount?: number;
  /** Goes to the customer's balance. */
  creditAmount?: number;
  outOfBandAmount?: number;
  /** Refunds that were made already and that this note explains. */
  refunds?: { refund: string; amount: number }[];
}

/** Lowers an open invoice, or gives back of a paid one. */
export function createCreditNote(scope: Scope, invoice: Invoice, fields: CreditNoteFields): CreditNote {
  if (invoice.status !== 'open' && invoice.status !== 'paid') {
    throw invalidRequest(
      `You can only create a credit note for an open or paid invoice; ${invoice.id} is ${invoice.status ?? ''}.`,
    );
  }
  const total = fields.amount ?? fields.lines.reduce((sum, { amount }) => sum + amount, 0);
  const left = invoice.total - invoice.pre_payment_credit_notes_amount - invoice.post_payment_credit_notes_amount;
  if (total < 1 || total > left) {
    throw invalidRequest(
      `The credit note's amount (${total}) is not between 1 and what is left of the invoice (${left}).`,
      { param: 'amount' },
    );
  }
  const id = stripeId('cn');
  const before = Math.min(total, invoice.amount_remaining);
  const after = total - before;
  const settled = after > 0 ? giveBack(scope, invoice, id, after, fields) : NOTHING_GIVEN;
  const note: CreditNote = {
    id,
    object: 'credit_note',
    amount: total,
    amount_shipping: 0,
    created: scope.now,
    currency: invoice.currency,
    customer: invoice.customer ?? '',
    customer_account: null,
    customer_balance_transaction: settled.balanceTransaction,
    discount_amount: 0,
    discount_amounts: [],
    effective_at: scope.now,
    invoice: invoice.id,
    lines: embedded(fields.lines, `/v1/credit_notes/${id}/lines`),
    livemode: false,
    memo: fields.memo ?? null,
    metadata: fields.metadata ?? {},
    number: `${invoice.number ?? invoice.id}-CN-${String(notesOf(scope, invoice).length + 1).padStart(2, '0')}`,
    out_of_band_amount: fields.outOfBandAmount ?? null,
    pdf: `https://pay.stripe.com/credit_notes/test/${id}/pdf`,
    post_payment_amount: after,
    pre_payment_amount: before,
    pretax_credit_amounts: [],
    reason: fields.reason ?? null,
    refunds: settled.refunds.map(({ refund, amount }) => ({
      amount_refunded: amount,
      payment_record_refund: null,
      refund,
      type: 'refund' as const,
    })),
    shipping_cost: null,
    status: 'issued',
    subtotal: total,
    subtotal_excluding_tax: total,
    total,
    total_excluding_tax: total,
    total_taxes: [],
    type: before > 0 && after > 0 ? 'mixed' : before > 0 ? 'pre_payment' : 'post_payment',
    voided_at: null,
  };
  scope.insert('credit_note', note, 'credit_note.created');
  lowerInvoice(scope, invoice, before, after);
  return note;
}

export function voidCreditNote(scope: Scope, note: CreditNote): CreditNote {
  const invoice = scope.get('invoice', note.invoice);
  if (note.status === 'void') throw invalidRequest(`Credit note ${note.id} is void already.`);
  if (note.post_payment_amount > 0 || invoice.status !== 'open') {
    throw invalidRequest('You can only void a credit note on an open invoice.');
  }
  lowerInvoice(scope, invoice, -note.pre_payment_amount, 0);
  const voided = scope.update('credit_note', note, { status: 'void', voided_at: scope.now });
  scope.emit('credit_note.voided', voided);
  return voided;
}

export const notesOf = (scope: Scope, { id }: Invoice): CreditNote[] =>
  scope.all('credit_note', (row) => row.invoice === id);

interface Given {
  refunds: { refund: string; amount: number }[];
  balanceTransaction: string | null;
}
const NOTHING_GIVEN: Given = { refunds: [], balanceTransaction: null };

function giveBack(scope: Scope, invoice: Invoice, note: string, amount: number, fields: CreditNoteFields): Given {
  const refunds = [...(fields.refunds ?? [])];
  const linked = refunds.reduce((sum, one) => sum + one.amount, 0);
  const told = linked + (fields.refundAmount ?? 0) + (fields.creditAmount ?? 0) + (fields.outOfBandAmount ?? 0);
  if (told !== amount) {
    throw invalidRequest(
      `The sum of refund_amount, credit_amount, out_of_band_amount and refunds (${told}) must equal the post-payment amount (${amount}).`,
      { param: 'refund_amount' },
    );
  }
  for (const { refund } of refunds) scope.get('refund', refund, 'refunds[0][refund]');
  if (fields.refundAmount) {
    const made = refundCharge(scope, chargeOf(scope, invoice), { amount: fields.refundAmount });
    refunds.push({ refund: made.id, amount: made.amount });
  }
  if (!fields.creditAmount) return { refunds, balanceTransaction: null };
  const customer = scope.get('customer', invoice.customer ?? '', 'customer');
  const transaction = changeBalance(scope, customer, {
    amount: -fields.creditAmount,
    currency: invoice.currency,
    type: 'credit_note',
    invoice: invoice.id,
    creditNote: note,
  });
  return { refunds, balanceTransaction: transaction.id };
}

function chargeOf(scope: Scope, invoice: Invoice): Kinds['charge'] {
  const payment = scope.maybe('invoice_payment', scope.get('sandbox.invoice', invoice.id).payment ?? '');
  const intent = scope.maybe('payment_intent', payment?.payment.payment_intent ?? '');
  if (intent?.latest_charge) return scope.get('charge', intent.latest_charge);
  throw invalidRequest(`Invoice ${invoice.id} has no payment that could be refunded.`, { param: 'refund_amount' });
}

function lowerInvoice(scope: Scope, invoice: Invoice, before: number, after: number): void {
  const lowered = scope.update(
    'invoice',
    invoice,
    {
      amount_due: invoice.amount_due - before,
      amount_remaining: invoice.amount_remaining - before,
      post_payment_credit_notes_amount: invoice.post_payment_credit_notes_amount + after,
      pre_payment_credit_notes_amount: invoice.pre_payment_credit_notes_amount + before,
    },
    'invoice.updated',
  );
  if (before !== 0) requestRemaining(scope, invoice, lowered.amount_remaining);
  if (lowered.status === 'open' && lowered.amount_remaining === 0) markPaid(scope, lowered, 0);
}
