import { addLines, redraft } from '../billing/invoice-draft.js';
import { createItem, itemLine } from '../billing/invoice-lines.js';
import { invalidRequest, missingParam } from '../core/errors.js';
import type { Scope } from '../core/scope.js';
import {
  bool,
  clearable,
  currency,
  int,
  list,
  mergeMetadata,
  metadata,
  object,
  required,
  text,
} from '../http/params.js';
import { listing, retrieve, route, same, type Route } from '../http/router.js';
import { inlinePrice } from '../billing/catalog.js';
import { amountFor } from '../billing/price-tiers.js';
import { discounts, priceData } from './shared.js';

const period = object({ start: required(int), end: required(int) });

export const invoiceItemRoutes: Route[] = [
  route(
    'POST',
    '/v1/invoiceitems',
    {
      amount: int,
      currency,
      customer: text,
      description: text,
      discountable: bool,
      discounts,
      invoice: text,
      metadata,
      period,
      price_data: priceData,
      pricing: object({ price: text }),
      quantity: int,
      subscription: text,
      tax_rates: list(text),
    },
    (outer, params) => {
      const invoice = params.invoice === undefined ? null : outer.get('invoice', params.invoice, 'invoice');
      const owner = params.customer ?? invoice?.customer ?? null;
      if (owner === null) throw missingParam('customer');
      const customer = outer.get('customer', owner, 'customer');
      const scope = outer.forCustomer(customer.id);
      const priced = params.price_data ? inlinePrice(scope, params.price_data).id : params.pricing?.price;
      const price = priced === undefined ? null : scope.get('price', priced, 'pricing[price]');
      const quantity = params.quantity ?? 1;
      const amount = price ? amountFor(scope, price, quantity) : params.amount;
      if (amount === undefined)
        throw invalidRequest('Missing required param: amount.', { code: 'parameter_missing', param: 'amount' });
      const code = price?.currency ?? params.currency ?? invoice?.currency ?? customer.currency ?? 'usd';
      if (invoice && invoice.currency !== code) {
        throw invalidRequest(`The invoice is in ${invoice.currency}, the item in ${code}.`, { param: 'currency' });
      }
      const product = price ? scope.maybe('product', price.product) : undefined;
      const item = createItem(scope, {
        amount,
        currency: code,
        customer: customer.id,
        description: params.description ?? product?.name ?? null,
        discountable: params.discountable,
        discounts: params.discounts,
        invoice: invoice?.id ?? null,
        metadata: mergeMetadata({}, params.metadata),
        period: params.period,
        price,
        quantity,
        subscription: params.subscription,
        taxRates: params.tax_rates,
      });
      if (invoice) addLines(scope, invoice, [itemLine(scope, invoice.id, item)]);
      return item;
    },
  ),
  retrieve('/v1/invoiceitems/:id', 'invoiceitem'),
  route(
    'POST',
    '/v1/invoiceitems/:id',
    { amount: int, description: clearable(text), discountable: bool, metadata, period },
    (scope, { metadata: sent, ...params }, id) => {
      const item = scope.get('invoiceitem', id);
      const changed = scope.update('invoiceitem', item, { ...params, metadata: mergeMetadata(item.metadata, sent) });
      if (item.invoice) replaceLine(scope, item.invoice, id);
      return changed;
    },
  ),
  route('DELETE', '/v1/invoiceitems/:id', {}, (scope, _params, id) => {
    const item = scope.get('invoiceitem', id);
    if (item.invoice) replaceLine(scope, item.invoice, id, true);
    return scope.remove('invoiceitem', item, 'invoiceitem.deleted');
  }),
  listing(
    '/v1/invoiceitems',
    'invoiceitem',
    { customer: text, invoice: text, pending: bool },
    (row, params) =>
      same(row.customer, params.customer) &&
      same(row.invoice, params.invoice) &&
      (params.pending === undefined || (row.invoice === null) === params.pending),
  ),
];

/** A draft follows its items. */
function replaceLine(scope: Scope, invoiceId: string, item: string, gone = false): void {
  const invoice = scope.get('invoice', invoiceId);
  const { lines } = scope.get('sandbox.invoice', invoiceId);
  const next = lines.flatMap((line) => {
    const from =
      line.parent?.invoice_item_details?.invoice_item ?? line.parent?.subscription_item_details?.invoice_item;
    if (from !== item) return [line];
    return gone ? [] : [{ ...itemLine(scope, invoiceId, scope.get('invoiceitem', item)).line, id: line.id }];
  });
  redraft(scope, invoice, { lines: next });
}
