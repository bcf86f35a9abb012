import { inlinePrice } from '../billing/catalog.js';
import { addLines, redraft, type Invoice } from '../billing/invoice-draft.js';
import { createItem, itemLine, type InvoiceLine, type NewLine } from '../billing/invoice-lines.js';
import { amountFor } from '../billing/price-tiers.js';
import { invalidRequest, missingParam, noSuch } from '../core/errors.js';
import type { Scope } from '../core/scope.js';
import type { Kinds } from '../core/wire.js';
import { page, paging } from '../http/listing.js';
import {
  bool,
  clearable,
  int,
  list,
  mergeMetadata,
  metadata,
  object,
  oneOf,
  required,
  text,
  type Values,
} from '../http/params.js';
import { route, type Route } from '../http/router.js';
import { timed } from './invoices.js';
import { discounts, priceData } from './shared.js';

const fields = {
  amount: int,
  description: clearable(text),
  discountable: bool,
  discounts,
  metadata,
  period: object({ start: required(int), end: required(int) }),
  price_data: priceData,
  pricing: object({ price: text }),
  quantity: int,
  tax_rates: list(text),
};
type Sent = Values<typeof fields>;

export const invoiceLineRoutes: Route[] = [
  // A preview has no invoice, only lines.
  route('GET', '/v1/invoices/:id/lines', paging, (scope, params, id) => {
    const lines =
      scope.maybe('sandbox.invoice', id)?.lines ?? scope.get('sandbox.invoice', scope.get('invoice', id).id).lines;
    return page(lines, params, `/v1/invoices/${id}/lines`, 'line item');
  }),
  route(
    'POST',
    '/v1/invoices/:id/add_lines',
    { invoice_metadata: metadata, lines: required(list(object({ ...fields, invoice_item: text }))) },
    (outer, params, id) => {
      const { scope, invoice } = timed(outer, id);
      const added = params.lines.map((line, index) => lineOf(scope, invoice, line, `lines[${index}]`));
      return noted(scope, addLines(scope, invoice, added), params.invoice_metadata);
    },
  ),
  route(
    'POST',
    '/v1/invoices/:id/update_lines',
    { invoice_metadata: metadata, lines: required(list(object({ ...fields, id: required(text) }))) },
    (outer, params, id) => {
      const { scope, invoice } = timed(outer, id);
      for (const line of params.lines) changeLine(scope, scope.get('invoice', id), line.id, line);
      return noted(scope, scope.get('invoice', invoice.id), params.invoice_metadata);
    },
  ),
  route(
    'POST',
    '/v1/invoices/:id/remove_lines',
    {
      invoice_metadata: metadata,
      lines: required(list(object({ behavior: required(oneOf('delete', 'unassign')), id: required(text) }))),
    },
    (outer, params, id) => {
      const { scope, invoice } = timed(outer, id);
      const gone = new Set(params.lines.map((line) => requireLine(scope, id, line.id).id));
      const left = scope.get('sandbox.invoice', id).lines.filter((line) => !gone.has(line.id));
      for (const line of params.lines) release(scope, requireLine(scope, id, line.id), line.behavior);
      return noted(scope, redraft(scope, invoice, { lines: left }), params.invoice_metadata);
    },
  ),
  route('POST', '/v1/invoices/:id/lines/:second', fields, (outer, params, id, second) => {
    const { scope, invoice } = timed(outer, id);
    changeLine(scope, invoice, second, params);
    return requireLine(scope, id, second);
  }),
];

function requireLine(scope: Scope, invoice: string, id: string): InvoiceLine {
  const line = scope.get('sandbox.invoice', invoice).lines.find((one) => one.id === id);
  if (!line) throw noSuch('line item', id, 'lines');
  return line;
}

function noted(scope: Scope, invoice: Invoice, sent: Record<string, string> | undefined): Invoice {
  if (!sent) return invoice;
  return scope.update('invoice', invoice, { metadata: mergeMetadata(invoice.metadata, sent) }, 'invoice.updated');
}

function priceOf(scope: Scope, sent: Sent): Kinds['price'] | null {
  const id = sent.price_data ? inlinePrice(scope, sent.price_data).id : sent.pricing?.price;
  return id === undefined ? null : scope.get('price', id, 'pricing[price]');
}

function lineOf(scope: Scope, invoice: Invoice, sent: Sent & { invoice_item?: string }, param: string): NewLine {
  if (sent.invoice_item !== undefined) {
    const item = scope.get('invoiceitem', sent.invoice_item, `${param}[invoice_item]`);
    if (item.invoice !== null) {
      throw invalidRequest(`Invoice item ${item.id} is on an invoice already.`, { param: `${param}[invoice_item]` });
    }
    return itemLine(scope, invoice.id, scope.update('invoiceitem', item, { invoice: invoice.id }));
  }
  const price = priceOf(scope, sent);
  const { quantity = 1, description, discountable, period } = sent;
  const amount = price ? amountFor(scope, price, quantity) : sent.amount;
  if (amount === undefined) throw missingParam(`${param}[amount]`);
  const item = createItem(scope, {
    amount,
    description,
    discountable,
    period,
    price,
    quantity,
    discounts: sent.discounts,
    taxRates: sent.tax_rates,
    metadata: mergeMetadata({}, sent.metadata),
    currency: invoice.currency,
    customer: invoice.customer ?? '',
    invoice: invoice.id,
  });
  return itemLine(scope, invoice.id, item);
}

const itemOf = (line: InvoiceLine): string | null =>
  line.parent?.invoice_item_details?.invoice_item ?? line.parent?.subscription_item_details?.invoice_item ?? null;

/** The line and, where it came from one, its invoice item. */
function changeLine(scope: Scope, invoice: Invoice, id: string, sent: Sent): Invoice {
  const line = requireLine(scope, invoice.id, id);
  const price = priceOf(scope, sent);
  const quantity = sent.quantity ?? line.quantity ?? 1;
  const amount = price ? amountFor(scope, price, quantity) : (sent.amount ?? line.amount);
  const shared = {
    amount,
    quantity,
    ...(sent.description !== undefined && { description: sent.description }),
    ...(sent.discountable !== undefined && { discountable: sent.discountable }),
    ...(sent.period && { period: sent.period }),
    ...(price && {
      pricing: {
        price_details: { price: price.id, product: price.product },
        type: 'price_details' as const,
        unit_amount_decimal: String(price.unit_amount ?? 0),
      },
    }),
    metadata: mergeMetadata(line.metadata, sent.metadata),
  };
  const item = itemOf(line);
  if (item !== null) scope.update('invoiceitem', scope.get('invoiceitem', item), shared);
  const row = scope.get('sandbox.invoice', invoice.id);
  const changed: InvoiceLine = { ...line, ...shared, subtotal: amount };
  const taxRates = sent.tax_rates ? { ...row.taxRates, [id]: sent.tax_rates } : row.taxRates;
  return redraft(scope, invoice, { lines: row.lines.map((one) => (one.id === id ? changed : one)), taxRates });
}

function release(scope: Scope, line: InvoiceLine, behavior: 'delete' | 'unassign'): void {
  const item = scope.maybe('invoiceitem', itemOf(line) ?? '');
  if (!item) return;
  if (behavior === 'delete') scope.remove('invoiceitem', item, 'invoiceitem.deleted');
  else scope.update('invoiceitem', item, { invoice: null });
}
