import { createCreditNote, voidCreditNote, type CreditNoteLine } from '../billing/credit-notes.js';
import { noSuch } from '../core/errors.js';
import { stripeId } from '../core/ids.js';
import type { Scope } from '../core/scope.js';
import { page, paging } from '../http/listing.js';
import {
  amount,
  clearable,
  int,
  list,
  mergeMetadata,
  metadata,
  object,
  oneOf,
  required,
  text,
} from '../http/params.js';
import { listing, retrieve, route, same, type Route } from '../http/router.js';

const line = object({
  type: required(oneOf('custom_line_item', 'invoice_line_item')),
  amount,
  description: text,
  invoice_line_item: text,
  quantity: int,
  unit_amount: int,
});
type LineRequest = ReturnType<typeof line.read>;

/** A line that names no amount credits the whole of its invoice line, or unit times quantity. */
function lineOf(scope: Scope, invoice: string, sent: LineRequest): CreditNoteLine {
  const { lines } = scope.get('sandbox.invoice', invoice);
  const source =
    sent.invoice_line_item === undefined ? undefined : lines.find(({ id }) => id === sent.invoice_line_item);
  if (sent.invoice_line_item !== undefined && !source) {
    throw noSuch('invoice line item', sent.invoice_line_item, 'lines[0][invoice_line_item]');
  }
  const quantity = sent.quantity ?? 1;
  return {
    id: stripeId('cnli'),
    object: 'credit_note_line_item',
    amount: sent.amount ?? (sent.unit_amount === undefined ? (source?.amount ?? 0) : sent.unit_amount * quantity),
    description: sent.description ?? source?.description ?? null,
    discount_amount: 0,
    discount_amounts: [],
    ...(source && { invoice_line_item: source.id }),
    livemode: false,
    metadata: {},
    pretax_credit_amounts: [],
    quantity: sent.quantity ?? null,
    tax_rates: [],
    taxes: [],
    type: sent.type,
    unit_amount: sent.unit_amount ?? null,
    unit_amount_decimal: sent.unit_amount === undefined ? null : String(sent.unit_amount),
  };
}

export const creditNoteRoutes: Route[] = [
  route(
    'POST',
    '/v1/credit_notes',
    {
      amount: int,
      credit_amount: int,
      invoice: required(text),
      lines: list(line),
      memo: text,
      metadata,
      out_of_band_amount: int,
      reason: oneOf('duplicate', 'fraudulent', 'order_change', 'product_unsatisfactory'),
      refund_amount: int,
      refunds: list(object({ refund: text, amount_refunded: int, type: oneOf('refund') })),
    },
    (outer, params) => {
      const invoice = outer.get('invoice', params.invoice, 'invoice');
      const scope = outer.forCustomer(invoice.customer);
      const own: LineRequest = {
        type: 'custom_line_item',
        amount: params.amount ?? 0,
        description: params.memo ?? 'Credit',
      };
      const lines = params.lines ?? [own];
      return createCreditNote(scope, invoice, {
        amount: params.amount,
        lines: lines.map((sent) => lineOf(scope, invoice.id, sent)),
        reason: params.reason,
        memo: params.memo,
        metadata: mergeMetadata({}, params.metadata),
        refundAmount: params.refund_amount,
        creditAmount: params.credit_amount,
        outOfBandAmount: params.out_of_band_amount,
        refunds: params.refunds?.map(({ refund = '', amount_refunded }) => ({
          refund,
          amount: amount_refunded ?? scope.get('refund', refund, 'refunds[0][refund]').amount,
        })),
      });
    },
  ),
  retrieve('/v1/credit_notes/:id', 'credit_note'),
  route('POST', '/v1/credit_notes/:id', { memo: clearable(text), metadata }, (scope, params, id) => {
    const note = scope.get('credit_note', id);
    const patch = {
      ...(params.memo !== undefined && { memo: params.memo }),
      metadata: mergeMetadata(note.metadata, params.metadata),
    };
    return scope.update('credit_note', note, patch, 'credit_note.updated');
  }),
  route('POST', '/v1/credit_notes/:id/void', {}, (scope, _params, id) => {
    const note = scope.get('credit_note', id);
    return voidCreditNote(scope.forCustomer(note.customer), note);
  }),
  route('GET', '/v1/credit_notes/:id/lines', paging, (scope, params, id) => {
    const { lines } = scope.get('credit_note', id);
    return page(lines.data, params, `/v1/credit_notes/${id}/lines`, 'credit note line item');
  }),
  listing(
    '/v1/credit_notes',
    'credit_note',
    { customer: text, invoice: text },
    (row, params) => same(row.customer, params.customer) && same(row.invoice, params.invoice),
  ),
];
