import { invalidRequest } from '../core/errors.js';
import { randomText, stripeId } from '../core/ids.js';
import type { Scope } from '../core/scope.js';
import type { Kinds } from '../core/wire.js';
import { embedded } from '../http/listing.js';
import { checkoutFigures, type CheckoutFigures } from './checkout-figures.js';
import { AUTOMATIC_TAX_OFF } from './defaults.js';
import { createDraft } from './invoice-draft.js';
import { createItem, itemLine } from './invoice-lines.js';
import { keepItems } from './listed-items.js';
import { createSubscription } from './subscription-create.js';

export type Quote = Kinds['quote'];
type Item = Kinds['sandbox.items']['items'][number];

export interface QuoteLine {
  price: string;
  quantity: number;
}
/** What a draft is made of or changed by; what is left out stays. */
export interface QuoteChange {
  lines?: readonly QuoteLine[];
  taxRates?: readonly string[];
  patch: Partial<Quote>;
}

const LIFETIME_SECONDS = 30 * 86_400;
const DAY_SECONDS = 86_400;

export function createQuote(scope: Scope, change: QuoteChange): Quote {
  const id = stripeId('qt');
  const draft = drawn(scope, shell(id, scope.now), { lines: [], ...change });
  return scope.insert('quote', draft, 'quote.created');
}

/** Stripe tells of no change of a draft. */
export function changeQuote(scope: Scope, quote: Quote, change: QuoteChange): Quote {
  requireStatus(quote, ['draft'], 'update');
  return scope.update('quote', quote, drawn(scope, quote, change));
}

/** From here on it may be accepted. */
export function finalizeQuote(scope: Scope, quote: Quote, expiresAt = quote.expires_at): Quote {
  requireStatus(quote, ['draft'], 'finalize');
  if (quote.customer === null) throw invalidRequest('A quote needs a customer to be finalized.', { param: 'customer' });
  if (itemsOf(scope, quote).length === 0)
    throw invalidRequest('A quote needs line items to be finalized.', { param: 'line_items' });
  return moved(scope, quote, 'finalized', {
    expires_at: expiresAt,
    number: `QT-${randomText(8).toUpperCase()}-0001`,
    status: 'open',
  });
}

/** Begins the subscription of what recurs, with the rest on its first invoice, or drafts an invoice where nothing does. */
export function acceptQuote(scope: Scope, quote: Quote): Quote {
  requireStatus(quote, ['open'], 'accept');
  if (quote.expires_at <= scope.now) throw invalidRequest(`Quote ${quote.id} has expired.`);
  const recurs = itemsOf(scope, quote).some(({ price }) => price?.recurring);
  const made = recurs ? subscribed(scope, quote) : { invoice: drafted(scope, quote) };
  return moved(scope, quote, 'accepted', { ...made, status: 'accepted' });
}

export function cancelQuote(scope: Scope, quote: Quote): Quote {
  requireStatus(quote, ['draft', 'open'], 'cancel');
  return moved(scope, quote, 'canceled', { status: 'canceled' });
}

export const itemsOf = (scope: Scope, { id }: Pick<Quote, 'id'>): Item[] =>
  scope.maybe('sandbox.items', id)?.items ?? [];

function requireStatus({ id, status }: Quote, allowed: readonly string[], what: string): void {
  if (allowed.includes(status)) return;
  throw invalidRequest(`You cannot ${what} the quote ${id} while it is ${status}.`);
}

function moved(scope: Scope, quote: Quote, word: 'accepted' | 'canceled' | 'finalized', patch: Partial<Quote>): Quote {
  const transitions = { ...quote.status_transitions, [`${word}_at`]: scope.now };
  const changed = scope.update('quote', quote, { ...patch, status_transitions: transitions });
  scope.emit(`quote.${word}`, changed);
  return changed;
}

/** The draft with its figures; its line items are kept beside it. */
function drawn(scope: Scope, old: Quote, { lines, taxRates, patch }: QuoteChange): Quote {
  const quote: Quote = { ...old, ...patch, ...(taxRates && { default_tax_rates: [...taxRates] }) };
  const asked =
    lines ?? itemsOf(scope, old).map(({ price, quantity }) => ({ price: price?.id ?? '', quantity: quantity ?? 1 }));
  const { items, session } = figuresOf(scope, quote, asked, true);
  keepItems(scope, quote, items);
  const first = scope.maybe('price', asked.find(({ price }) => scope.get('price', price).recurring)?.price ?? '');
  const amounts = amountsOf(session);
  const recurring = asked.filter(({ price }) => scope.get('price', price).recurring);
  return {
    ...quote,
    ...amounts,
    computed: {
      recurring: first?.recurring
        ? {
            ...amountsOf(figuresOf(scope, quote, recurring, false).session),
            interval: first.recurring.interval,
            interval_count: first.recurring.interval_count,
          }
        : null,
      upfront: amounts,
    },
    currency: items[0]?.currency ?? null,
  };
}

/** `upfront` with what a trial takes off. */
function figuresOf(scope: Scope, quote: Quote, lines: readonly QuoteLine[], upfront: boolean): CheckoutFigures {
  const trialDays = quote.subscription_data.trial_period_days;
  return checkoutFigures(
    scope,
    {
      lines: lines.map((line) => ({ ...line, id: stripeId('li'), tax_rates: [] })),
      shippingAmount: 0,
      subscriptionData: {
        default_tax_rates: quote.default_tax_rates,
        ...(upfront && trialDays !== null && { trial_period_days: trialDays }),
      },
    },
    [],
  );
}

const amountsOf = ({ amount_subtotal, amount_total, total_details }: CheckoutFigures['session']) => ({
  amount_subtotal: amount_subtotal ?? 0,
  amount_total: amount_total ?? 0,
  total_details: total_details ?? NOTHING_OFF,
});

function subscribed(scope: Scope, quote: Quote): Partial<Quote> {
  const items = itemsOf(scope, quote);
  const { description, metadata, trial_period_days: trialDays } = quote.subscription_data;
  const subscription = createSubscription(scope, {
    customer: quote.customer ?? '',
    items: items
      .filter(({ price }) => price?.recurring)
      .map(({ price, quantity }) => ({ price: price?.id, quantity: quantity ?? 1 })),
    extras: items.filter(({ price }) => !price?.recurring).map(oneOff),
    trialEnd: trialDays === null ? null : scope.now + trialDays * DAY_SECONDS,
    metadata: metadata ?? {},
    description,
    collectionMethod: quote.collection_method,
    daysUntilDue: quote.invoice_settings.days_until_due,
    defaultTaxRates: quote.default_tax_rates,
  });
  return { subscription: subscription.id, invoice: subscription.latest_invoice };
}

function drafted(scope: Scope, quote: Quote): string {
  const customer = scope.get('customer', quote.customer ?? '', 'customer');
  const id = stripeId('in');
  const added = itemsOf(scope, quote).map((item) =>
    createItem(scope, { ...oneOff(item), customer: customer.id, description: item.description, invoice: id }),
  );
  return createDraft(scope, {
    id,
    customer,
    currency: quote.currency ?? 'usd',
    billingReason: 'manual',
    quote: quote.id,
    collectionMethod: quote.collection_method,
    daysUntilDue: quote.invoice_settings.days_until_due,
    defaultTaxRates: quote.default_tax_rates,
    lines: (invoice) => added.map((item) => itemLine(scope, invoice, item)),
  }).id;
}

const oneOff = ({ price, quantity, amount_subtotal: amount, currency }: Item) => ({
  amount,
  currency,
  price,
  quantity: quantity ?? 1,
});

const NOTHING_OFF = { amount_discount: 0, amount_shipping: 0, amount_tax: 0 };

const shell = (id: string, now: number): Quote => ({
  id,
  object: 'quote',
  amount_subtotal: 0,
  amount_total: 0,
  application: null,
  application_fee_amount: null,
  application_fee_percent: null,
  automatic_tax: AUTOMATIC_TAX_OFF,
  collection_method: 'charge_automatically',
  computed: { recurring: null, upfront: { amount_subtotal: 0, amount_total: 0, total_details: NOTHING_OFF } },
  created: now,
  currency: null,
  customer: null,
  customer_account: null,
  default_tax_rates: [],
  description: null,
  discounts: [],
  expires_at: now + LIFETIME_SECONDS,
  footer: null,
  from_quote: null,
  header: null,
  invoice: null,
  invoice_settings: {
    custom_fields: null,
    days_until_due: null,
    description: null,
    footer: null,
    issuer: { type: 'self' },
  },
  livemode: false,
  metadata: {},
  number: null,
  on_behalf_of: null,
  status: 'draft',
  status_transitions: { accepted_at: null, canceled_at: null, finalized_at: null },
  subscription: null,
  subscription_data: {
    billing_mode: { flexible: { proration_discounts: 'included' }, type: 'flexible' },
    description: null,
    effective_date: null,
    metadata: {},
    trial_period_days: null,
  },
  subscription_schedule: null,
  test_clock: null,
  total_details: NOTHING_OFF,
  transfer_data: null,
});

/** The part of a quote that is shown only to those who ask for it. */
export const listedItems = (scope: Scope, quote: Pick<Quote, 'id'>) =>
  embedded(itemsOf(scope, quote), `/v1/quotes/${quote.id}/line_items`);
