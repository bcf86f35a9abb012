import { createDraft, redraft, type Invoice } from '../billing/invoice-draft.js';
import { redeemAll } from '../billing/discounts.js';
import { attachPayment, paidOffStripe } from '../billing/invoice-payments.js';
import { finalize, markUncollectible, pay, voidInvoice } from '../billing/invoice-lifecycle.js';
import { itemLine } from '../billing/invoice-lines.js';
import { resolvePaymentMethod } from '../billing/payment-methods.js';
import { dropPending } from '../billing/pending-updates.js';
import { invalidRequest, missingParam } from '../core/errors.js';
import type { Scope } from '../core/scope.js';
import type { InvoiceRow } from '../core/wire.js';
import {
  bool,
  clearable,
  currency,
  inRange,
  int,
  list,
  mergeMetadata,
  metadata,
  object,
  oneOf,
  range,
  required,
  text,
} from '../http/params.js';
import { listing, route, same, type Route } from '../http/router.js';
import { discounts } from './shared.js';

const shippingCost = object({
  shipping_rate: text,
  shipping_rate_data: object({
    display_name: required(text),
    fixed_amount: object({ amount: required(int), currency: required(currency) }),
    tax_behavior: oneOf('exclusive', 'inclusive', 'unspecified'),
    type: oneOf('fixed_amount'),
  }),
});

const fields = {
  auto_advance: bool,
  collection_method: oneOf('charge_automatically', 'send_invoice'),
  days_until_due: int,
  default_payment_method: clearable(text),
  default_tax_rates: list(text),
  description: clearable(text),
  discounts,
  due_date: int,
  footer: clearable(text),
  metadata,
  number: text,
  shipping_cost: clearable(shippingCost),
};

/** Money paid outside Stripe is shown by the API and not in events. */
export const withOffStripe = (scope: Scope, invoice: Invoice): Invoice =>
  invoice.status === 'paid' ? { ...invoice, amount_paid_off_stripe: paidOffStripe(scope, invoice) } : invoice;

export const timed = (scope: Scope, id: string): { scope: Scope; invoice: Invoice } => {
  const invoice = scope.get('invoice', id);
  return { scope: scope.forCustomer(invoice.customer), invoice };
};

export const invoiceRoutes: Route[] = [
  route(
    'POST',
    '/v1/invoices',
    {
      ...fields,
      customer: required(text),
      currency,
      subscription: text,
      pending_invoice_items_behavior: oneOf('exclude', 'include'),
    },
    (outer, params) => {
      const customer = outer.get('customer', params.customer, 'customer');
      const scope = outer.forCustomer(customer.id);
      const code = params.currency ?? customer.currency ?? 'usd';
      const takes = params.pending_invoice_items_behavior === 'include';
      const pending = takes
        ? scope.all(
            'invoiceitem',
            (item) => item.invoice === null && item.customer === customer.id && item.currency === code,
          )
        : [];
      const subscription =
        params.subscription === undefined ? undefined : scope.get('subscription', params.subscription, 'subscription');
      const invoice = createDraft(scope, {
        customer,
        currency: code,
        billingReason: 'manual',
        subscription,
        collectionMethod: params.collection_method,
        daysUntilDue: params.days_until_due,
        dueDate: params.due_date,
        autoAdvance: params.auto_advance,
        defaultPaymentMethod:
          params.default_payment_method && resolvePaymentMethod(scope, params.default_payment_method),
        defaultTaxRates: params.default_tax_rates,
        description: params.description,
        discounts: params.discounts,
        inheritedDiscounts: customer.discount && !params.discounts ? [customer.discount.id] : [],
        metadata: mergeMetadata({}, params.metadata),
        footer: params.footer,
        number: params.number,
        shipping: params.shipping_cost ? shippingOf(scope, params.shipping_cost) : null,
        lines: (id) => pending.map((item) => itemLine(scope, id, item)),
      });
      for (const item of pending) scope.update('invoiceitem', item, { invoice: invoice.id });
      return invoice;
    },
  ),
  route('GET', '/v1/invoices/:id', {}, (scope, _params, id) => withOffStripe(scope, scope.get('invoice', id))),
  route('POST', '/v1/invoices/:id', fields, (outer, params, id) => {
    const { scope, invoice } = timed(outer, id);
    const { metadata: sent, description, footer, ...rest } = params;
    const loose: Partial<Invoice> = {
      metadata: mergeMetadata(invoice.metadata, sent),
      ...(description !== undefined && { description }),
      ...(footer !== undefined && { footer }),
    };
    if (Object.keys(rest).filter((key) => key !== 'expand').length === 0) {
      return scope.update('invoice', invoice, loose, 'invoice.updated');
    }
    const change: Partial<InvoiceRow> = {};
    if (rest.shipping_cost !== undefined) change.shipping = rest.shipping_cost && shippingOf(scope, rest.shipping_cost);
    return redraft(scope, invoice, change, { ...loose, ...draftPatch(scope, invoice, rest) });
  }),
  route('DELETE', '/v1/invoices/:id', {}, (outer, _params, id) => {
    const { scope, invoice } = timed(outer, id);
    if (invoice.status !== 'draft') {
      throw invalidRequest("You can only delete draft invoices. This invoice's status is " + (invoice.status ?? ''), {
        code: 'invoice_not_editable',
      });
    }
    for (const item of scope.all('invoiceitem', (row) => row.invoice === id))
      scope.update('invoiceitem', item, { invoice: null });
    return scope.remove('invoice', invoice, 'invoice.deleted');
  }),
  route('POST', '/v1/invoices/:id/finalize', { auto_advance: bool }, (outer, params, id) => {
    const { scope, invoice } = timed(outer, id);
    const draft = params.auto_advance === undefined ? invoice : { ...invoice, auto_advance: params.auto_advance };
    return finalize(scope, draft);
  }),
  route(
    'POST',
    '/v1/invoices/:id/pay',
    { payment_method: text, paid_out_of_band: bool, forgive: bool, off_session: bool, source: text },
    (outer, params, id) => {
      const { scope, invoice } = timed(outer, id);
      const sent = params.payment_method ?? params.source;
      const paymentMethod = sent && resolvePaymentMethod(scope, sent, invoice.customer_email);
      return withOffStripe(scope, pay(scope, invoice, { paymentMethod, outOfBand: params.paid_out_of_band }));
    },
  ),
  route('POST', '/v1/invoices/:id/send', {}, (outer, _params, id) => {
    const { scope, invoice } = timed(outer, id);
    const open = invoice.status === 'draft' ? finalize(scope, invoice) : invoice;
    scope.emit('invoice.sent', open);
    return open;
  }),
  route('POST', '/v1/invoices/:id/void', {}, (outer, _params, id) => {
    const { scope, invoice } = timed(outer, id);
    const voided = voidInvoice(scope, invoice);
    dropPending(scope, voided);
    return voided;
  }),
  route('POST', '/v1/invoices/:id/mark_uncollectible', {}, (outer, _params, id) => {
    const { scope, invoice } = timed(outer, id);
    return markUncollectible(scope, invoice);
  }),
  route(
    'POST',
    '/v1/invoices/:id/attach_payment',
    { payment_intent: text, payment_record: text },
    (outer, { payment_intent: intent, payment_record: record }, id) => {
      const { scope, invoice } = timed(outer, id);
      if (record !== undefined) {
        throw invalidRequest('The sandbox attaches PaymentIntents only.', { param: 'payment_record' }, 501);
      }
      if (intent === undefined) throw missingParam('payment_intent');
      return withOffStripe(scope, attachPayment(scope, invoice, scope.get('payment_intent', intent, 'payment_intent')));
    },
  ),
  listing(
    '/v1/invoices',
    'invoice',
    { customer: text, subscription: text, status: text, collection_method: text, due_date: range },
    (row, params) =>
      same(row.customer, params.customer) &&
      same(row.status, params.status) &&
      same(row.collection_method, params.collection_method) &&
      same(row.parent?.subscription_details?.subscription, params.subscription) &&
      (params.due_date === undefined || inRange(row.due_date ?? 0, params.due_date)),
  ),
];

interface DraftUpdate {
  auto_advance?: boolean;
  collection_method?: Invoice['collection_method'];
  days_until_due?: number;
  default_payment_method?: string | null;
  default_tax_rates?: string[];
  discounts?: { coupon?: string; promotion_code?: string; discount?: string }[];
  due_date?: number;
  number?: string;
}

function draftPatch(scope: Scope, invoice: Invoice, sent: DraftUpdate): Partial<Invoice> {
  const patch: Partial<Invoice> = {};
  if (sent.auto_advance !== undefined) patch.auto_advance = sent.auto_advance;
  if (sent.collection_method !== undefined) patch.collection_method = sent.collection_method;
  if (sent.due_date !== undefined) patch.due_date = sent.due_date;
  if (sent.days_until_due !== undefined) patch.due_date = scope.now + sent.days_until_due * 86_400;
  if (sent.number !== undefined) patch.number = sent.number;
  if (sent.default_payment_method !== undefined) {
    patch.default_payment_method =
      sent.default_payment_method && resolvePaymentMethod(scope, sent.default_payment_method);
  }
  if (sent.default_tax_rates !== undefined) {
    patch.default_tax_rates = sent.default_tax_rates.map((rate) => scope.get('tax_rate', rate, 'default_tax_rates'));
  }
  if (sent.discounts !== undefined) {
    const target = { customer: invoice.customer, invoice: invoice.id, currency: invoice.currency };
    patch.discounts = redeemAll(scope, sent.discounts, target);
  }
  return patch;
}

type ShippingRequest = ReturnType<typeof shippingCost.read>;

function shippingOf(
  scope: Scope,
  { shipping_rate, shipping_rate_data: data }: ShippingRequest,
): NonNullable<InvoiceRow['shipping']> {
  if (shipping_rate !== undefined) {
    const rate = scope.get('shipping_rate', shipping_rate, 'shipping_cost[shipping_rate]');
    return { amount: rate.fixed_amount?.amount ?? 0, rate: rate.id, inclusive: rate.tax_behavior === 'inclusive' };
  }
  return { amount: data?.fixed_amount?.amount ?? 0, rate: null, inclusive: data?.tax_behavior === 'inclusive' };
}
