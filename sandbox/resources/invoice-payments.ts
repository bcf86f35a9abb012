import { object, oneOf, text } from '../http/params.js';
import { listing, retrieve, same, type Route } from '../http/router.js';

export const invoicePaymentRoutes: Route[] = [
  retrieve('/v1/invoice_payments/:id', 'invoice_payment'),
  listing(
    '/v1/invoice_payments',
    'invoice_payment',
    {
      invoice: text,
      payment: object({ payment_intent: text, payment_record: text, type: text }),
      status: oneOf('canceled', 'open', 'paid'),
    },
    (row, params) =>
      same(row.invoice, params.invoice) &&
      same(row.status, params.status) &&
      same(row.payment.type, params.payment?.type) &&
      same(row.payment.payment_intent, params.payment?.payment_intent) &&
      same(row.payment.payment_record, params.payment?.payment_record),
  ),
];
