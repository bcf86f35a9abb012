import { at, invoiceCreated, invoicePaidAt, minorOf, secondsOf } from './shapes.js';
import type { StripeData } from './stripe-model.entity.js';

export const INVOICE_MOMENTS = [
  'created',
  'finalized',
  'finalization_failed',
  'sent',
  'payment_failed',
  'payment_pending',
  'payment_succeeded',
  'paid',
  'overpaid',
  'refunded',
  'credited',
  'disputed',
  'marked_uncollectible',
  'voided',
  'deleted',
] as const;

export type InvoiceMoment = (typeof INVOICE_MOMENTS)[number];

/** What tells of a moment: a field of the invoice, an object of the mirror, or an event of the inbox. */
export interface MomentSource {
  kind: 'field' | 'object' | 'event';
  /** The field's path, or the object's or event's id. */
  id: string;
  /** The object's or event's type; the invoice's id for a field. */
  of: string;
}

export interface TimelineEntry {
  moment: InvoiceMoment;
  /** Unix seconds. */
  at: number;
  amountMinor: number | null;
  currency: string | null;
  /** Why a payment failed. */
  detail: string | null;
  sources: MomentSource[];
}

export interface InvoiceEvent {
  id: string;
  type: string;
  /** Unix seconds. */
  created: number;
}

/** What is known around one invoice. */
export interface InvoiceHistory {
  invoice: StripeData;
  deletedAt: Date | null;
  events: readonly InvoiceEvent[];
  charges: readonly StripeData[];
  invoicePayments: readonly StripeData[];
  refunds: readonly StripeData[];
  creditNotes: readonly StripeData[];
  disputes: readonly StripeData[];
}

/** These happen once in an invoice's life, so that all that tells of them is one entry. */
const ONCE: ReadonlySet<InvoiceMoment> = new Set([
  'created',
  'finalized',
  'paid',
  'marked_uncollectible',
  'voided',
  'deleted',
]);

const MOMENT_OF_EVENT: Readonly<Record<string, InvoiceMoment>> = {
  'invoice.created': 'created',
  'invoice.finalized': 'finalized',
  'invoice.finalization_failed': 'finalization_failed',
  'invoice.sent': 'sent',
  'invoice.payment_failed': 'payment_failed',
  'invoice.paid': 'paid',
  'invoice.payment_succeeded': 'paid',
  'invoice.overpaid': 'overpaid',
  'invoice.marked_uncollectible': 'marked_uncollectible',
  'invoice.voided': 'voided',
  'invoice.deleted': 'deleted',
};

/** An event tells of a payment that was tried at most so long before it. */
const TOLD_WITHIN_SECONDS = 120;

/** What happened to an invoice, oldest first; each moment with everything that vouches for it. Pure. */
export function invoiceTimeline(history: InvoiceHistory): TimelineEntry[] {
  const told = [...fromFields(history), ...fromObjects(history), ...fromEvents(history)];
  const entries: TimelineEntry[] = [];
  for (const entry of told) {
    const known = entries.find((other) => isSameMoment(other, entry));
    if (known === undefined) entries.push(entry);
    else known.sources.push(...entry.sources);
  }
  const order = new Map(INVOICE_MOMENTS.map((moment, index) => [moment, index]));
  return entries.sort((a, b) => a.at - b.at || (order.get(a.moment) ?? 0) - (order.get(b.moment) ?? 0));
}

/** Objects are moments of their own; an event joins what it tells of. */
function isSameMoment(known: TimelineEntry, told: TimelineEntry): boolean {
  if (known.moment !== told.moment) return false;
  if (ONCE.has(told.moment)) return true;
  const [source] = told.sources;
  const isToldOf = known.sources.some(({ kind }) => kind === 'object') && source?.kind === 'event';
  return isToldOf && told.at >= known.at && told.at - known.at <= TOLD_WITHIN_SECONDS;
}

function fromFields({ invoice, deletedAt }: InvoiceHistory): TimelineEntry[] {
  const transitions: Array<[InvoiceMoment, string, number | null]> = [
    ['created', 'created' in invoice ? 'created' : 'date', invoiceCreated(invoice)],
    [
      'finalized',
      'status_transitions.finalized_at',
      secondsOf(at(invoice, 'status_transitions', 'finalized_at')) ?? secondsOf(invoice.finalized_at),
    ],
    ['paid', 'status_transitions.paid_at', invoicePaidAt(invoice)],
    [
      'marked_uncollectible',
      'status_transitions.marked_uncollectible_at',
      secondsOf(at(invoice, 'status_transitions', 'marked_uncollectible_at')),
    ],
    ['voided', 'status_transitions.voided_at', secondsOf(at(invoice, 'status_transitions', 'voided_at'))],
    ['deleted', 'deleted', deletedAt === null ? null : Math.floor(deletedAt.getTime() / 1_000)],
  ];
  return transitions.flatMap(([moment, field, seconds]) => {
    if (seconds === null) return [];
    const source: MomentSource = { kind: 'field', id: field, of: String(invoice.id) };
    return [{ ...bare(moment, seconds), ...amountAt(moment, invoice), sources: [source] }];
  });
}

function amountAt(moment: InvoiceMoment, invoice: StripeData): Pick<TimelineEntry, 'amountMinor' | 'currency'> {
  if (moment !== 'paid' && moment !== 'finalized') return { amountMinor: null, currency: null };
  const amountMinor =
    moment === 'paid' ? minorOf(invoice.amount_paid ?? invoice.amount_due) : minorOf(invoice.amount_due);
  return { amountMinor, currency: currencyOf(invoice) };
}

function fromObjects(history: InvoiceHistory): TimelineEntry[] {
  const { charges, refunds, creditNotes, disputes, invoicePayments } = history;
  return [
    ...charges.map((charge) => ofObject(charge, MOMENT_OF_CHARGE[String(charge.status)] ?? 'payment_pending')),
    // Money that came by other ways than a charge: a payment reported by hand, say.
    ...invoicePayments
      .filter((payment) => payment.status === 'paid' && isWithoutCharge(payment))
      .map((payment) => ({
        ...ofObject(payment, 'payment_succeeded'),
        amountMinor: minorOf(payment.amount_paid),
        at: secondsOf(at(payment, 'status_transitions', 'paid_at')) ?? secondsOf(payment.created) ?? 0,
      })),
    ...refunds
      .filter((refund) => refund.status !== 'failed' && refund.status !== 'canceled')
      .map((refund) => ofObject(refund, 'refunded')),
    ...creditNotes.filter((note) => note.status !== 'void').map((note) => ofObject(note, 'credited')),
    ...disputes.map((dispute) => ofObject(dispute, 'disputed')),
  ];
}

const MOMENT_OF_CHARGE: Readonly<Record<string, InvoiceMoment>> = {
  succeeded: 'payment_succeeded',
  failed: 'payment_failed',
};

function isWithoutCharge(payment: StripeData): boolean {
  return !['charge', 'payment_intent'].includes(String(at(payment, 'payment', 'type')));
}

function ofObject(object: StripeData, moment: InvoiceMoment): TimelineEntry {
  const detail = object.failure_code ?? object.failure_message ?? object.reason;
  return {
    ...bare(moment, secondsOf(object.created) ?? 0),
    amountMinor: minorOf(object.amount),
    currency: currencyOf(object),
    detail: typeof detail === 'string' ? detail : null,
    sources: [{ kind: 'object', id: String(object.id), of: String(object.object) }],
  };
}

function fromEvents({ events }: InvoiceHistory): TimelineEntry[] {
  return events.flatMap(({ id, type, created }) => {
    const moment = MOMENT_OF_EVENT[type];
    return moment === undefined ? [] : [{ ...bare(moment, created), sources: [{ kind: 'event', id, of: type }] }];
  });
}

function bare(moment: InvoiceMoment, seconds: number): TimelineEntry {
  return { moment, at: seconds, amountMinor: null, currency: null, detail: null, sources: [] };
}

function currencyOf(object: StripeData): string | null {
  return typeof object.currency === 'string' ? object.currency : null;
}
