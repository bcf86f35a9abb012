import { inlinePrice } from '../billing/catalog.js';
import {
  acceptQuote,
  cancelQuote,
  changeQuote,
  createQuote,
  finalizeQuote,
  type Quote,
  type QuoteChange,
} from '../billing/quotes.js';
import { missingParam } from '../core/errors.js';
import type { Scope } from '../core/scope.js';
import { clearable, int, list, mergeMetadata, metadata, object, oneOf, text, type Values } from '../http/params.js';
import { route, type Route } from '../http/router.js';
import { priceData } from './shared.js';

const PATH = '/v1/quotes';
const fields = {
  collection_method: oneOf('charge_automatically', 'send_invoice'),
  customer: text,
  default_tax_rates: list(text),
  description: clearable(text),
  expires_at: int,
  footer: clearable(text),
  header: clearable(text),
  invoice_settings: object({ days_until_due: int }),
  line_items: list(object({ price: text, price_data: priceData, quantity: int })),
  metadata,
  subscription_data: object({ description: text, metadata, trial_period_days: int }),
};
type Sent = Values<typeof fields>;

export const quoteRoutes: Route[] = [
  route('POST', PATH, fields, (scope, sent) => createQuote(timed(scope, sent.customer), changeOf(scope, null, sent))),
  route('POST', `${PATH}/:id`, fields, (scope, sent, id) => {
    const quote = scope.get('quote', id);
    return changeQuote(timed(scope, quote.customer), quote, changeOf(scope, quote, sent));
  }),
  route('POST', `${PATH}/:id/finalize`, { expires_at: int }, (scope, { expires_at: expiresAt }, id) => {
    const quote = scope.get('quote', id);
    return finalizeQuote(timed(scope, quote.customer), quote, expiresAt);
  }),
  route('POST', `${PATH}/:id/accept`, {}, (scope, _sent, id) => {
    const quote = scope.get('quote', id);
    return acceptQuote(timed(scope, quote.customer), quote);
  }),
  route('POST', `${PATH}/:id/cancel`, {}, (scope, _sent, id) => {
    const quote = scope.get('quote', id);
    return cancelQuote(timed(scope, quote.customer), quote);
  }),
];

const timed = (scope: Scope, customer: string | null | undefined): Scope => scope.forCustomer(customer ?? null);

function changeOf(scope: Scope, old: Quote | null, sent: Sent): QuoteChange {
  const {
    line_items: lines,
    default_tax_rates: taxRates,
    customer,
    metadata: sentMetadata,
    invoice_settings: settings,
    subscription_data: data,
    ...plain
  } = sent;
  const { subscription_data: oldData, invoice_settings: oldSettings } = old ?? {};
  return {
    taxRates: taxRates?.map((rate) => scope.get('tax_rate', rate, 'default_tax_rates').id),
    lines: lines?.map(({ price, price_data: inline, quantity = 1 }, index) => {
      const param = `line_items[${index}][price]`;
      const id = inline ? inlinePrice(scope, inline).id : price;
      if (id === undefined) throw missingParam(param);
      return { price: scope.get('price', id, param).id, quantity };
    }),
    patch: {
      ...plain,
      ...(customer !== undefined && { customer: scope.get('customer', customer, 'customer').id }),
      metadata: mergeMetadata(old?.metadata ?? {}, sentMetadata),
      ...(settings && { invoice_settings: { ...oldSettings, ...settings } }),
      ...(data && { subscription_data: { ...oldData, ...data } }),
    } as Partial<Quote>,
  };
}
