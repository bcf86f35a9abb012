import { invalidRequest } from '../core/errors.js';
import { stripeId } from '../core/ids.js';
import type { Scope } from '../core/scope.js';
import type { InvoiceRow, Kinds } from '../core/wire.js';
import { embedded } from '../http/listing.js';
import { invoiceFigures, type InvoiceFigures, type Taxed, type TaxRule } from '../money/invoice-math.js';
import { AUTOMATIC_TAX_OFF } from './defaults.js';
import { redeemAll, ruleOf, type DiscountRequest } from './discounts.js';
import type { NewLine } from './invoice-lines.js';

export type Invoice = Kinds['invoice'];

export interface DraftFields {
  /** Chosen beforehand by who must name the invoice before it exists. */
  id?: string;
  customer: Kinds['customer'];
  currency: string;
  billingReason: Invoice['billing_reason'];
  subscription?: Kinds['subscription'];
  /** The quote of which it was accepted. */
  quote?: string;
  prorationDate?: number;
  collectionMethod?: Invoice['collection_method'];
  daysUntilDue?: number | null;
  dueDate?: number | null;
  autoAdvance?: boolean;
  defaultPaymentMethod?: string | null;
  defaultTaxRates?: string[];
  description?: string | null;
  discounts?: DiscountRequest[];
  /** Discounts that exist already: the subscription's. */
  inheritedDiscounts?: string[];
  metadata?: Record<string, string>;
  footer?: string | null;
  number?: string | null;
  period?: { start: number; end: number };
  shipping?: InvoiceRow['shipping'];
  lines?: (invoice: string) => NewLine[];
}

const DAY_SECONDS = 86_400;

export function createDraft(scope: Scope, fields: DraftFields): Invoice {
  const id = fields.id ?? stripeId('in');
  const { customer } = fields;
  const own = redeemAll(scope, fields.discounts ?? [], {
    customer: customer.id,
    invoice: id,
    currency: fields.currency,
  });
  const collection = fields.collectionMethod ?? 'charge_automatically';
  const days = fields.daysUntilDue ?? null;
  const shell: Invoice = {
    id,
    object: 'invoice',
    ...NOTHING_YET,
    auto_advance: fields.autoAdvance ?? false,
    billing_reason: fields.billingReason,
    collection_method: collection,
    created: scope.now,
    currency: fields.currency,
    customer: customer.id,
    customer_address: customer.address ?? null,
    customer_email: customer.email,
    customer_name: customer.name ?? null,
    customer_phone: customer.phone ?? null,
    customer_shipping: customer.shipping,
    customer_tax_exempt: customer.tax_exempt ?? 'none',
    default_payment_method: fields.defaultPaymentMethod ?? null,
    default_tax_rates: (fields.defaultTaxRates ?? []).map((rate) => scope.get('tax_rate', rate, 'default_tax_rates')),
    description: fields.description ?? null,
    discounts: [...(fields.inheritedDiscounts ?? []), ...own],
    due_date: fields.dueDate ?? (collection === 'send_invoice' ? scope.now + (days ?? 0) * DAY_SECONDS : null),
    footer: fields.footer ?? null,
    lines: embedded([], `/v1/invoices/${id}/lines`),
    metadata: fields.metadata ?? {},
    number: fields.number ?? null,
    parent: fields.subscription
      ? {
          quote_details: null,
          subscription_details: {
            metadata: fields.subscription.metadata,
            subscription: fields.subscription.id,
            ...(fields.prorationDate !== undefined && { subscription_proration_date: fields.prorationDate }),
          },
          type: 'subscription_details',
        }
      : fields.quote === undefined
        ? null
        : { quote_details: { quote: fields.quote }, subscription_details: null, type: 'quote_details' },
    period_end: fields.period?.end ?? scope.now,
    period_start: fields.period?.start ?? scope.now,
    starting_balance: customer.balance,
    test_clock: customer.test_clock ?? null,
  };
  const added = fields.lines?.(id) ?? [];
  const row: InvoiceRow = {
    id,
    object: 'sandbox.invoice',
    created: scope.now,
    lines: added.map(({ line }) => line),
    taxRates: taxRatesOf(added),
    shipping: fields.shipping ?? null,
    payment: null,
  };
  scope.insert('sandbox.invoice', row);
  const invoice = scope.insert('invoice', counted(scope, shell, row));
  scope.emit('invoice.created', invoice);
  return invoice;
}

const taxRatesOf = (added: readonly NewLine[]): Record<string, string[]> =>
  Object.fromEntries(added.flatMap(({ line, taxRates }) => (taxRates ? [[line.id, taxRates]] : [])));

/** Changes what a draft is counted from, and counts it again. */
export function redraft(
  scope: Scope,
  invoice: Invoice,
  change: Partial<InvoiceRow>,
  patch: Partial<Invoice> = {},
): Invoice {
  if (invoice.status !== 'draft') {
    throw invalidRequest(`Invoice ${invoice.id} is ${invoice.status ?? ''}; only a draft can be changed so.`, {
      code: 'invoice_not_editable',
    });
  }
  const row = scope.update('sandbox.invoice', scope.get('sandbox.invoice', invoice.id), change);
  return scope.update('invoice', invoice, counted(scope, { ...invoice, ...patch }, row), 'invoice.updated');
}

export function addLines(scope: Scope, invoice: Invoice, added: readonly NewLine[]): Invoice {
  const row = scope.get('sandbox.invoice', invoice.id);
  const lines = [...row.lines, ...added.map(({ line }) => line)];
  return redraft(scope, invoice, { lines, taxRates: { ...row.taxRates, ...taxRatesOf(added) } });
}

/** The invoice with its figures, lines included. The row's lines are replaced by counted ones too. */
function counted(scope: Scope, invoice: Invoice, row: InvoiceRow): Invoice {
  const defaults = invoice.default_tax_rates.map(({ id }) => id);
  const rules = (rates: readonly string[]): TaxRule[] => rates.map((rate) => taxRule(scope, rate));
  const figures = invoiceFigures({
    lines: row.lines.map((line) => ({
      amount: line.amount,
      product: line.pricing?.price_details?.product ?? null,
      discountable: line.discountable,
      discounts: line.discounts.map((id) => ruleOf(scope, id)),
      taxes: rules(row.taxRates[line.id] ?? defaults),
    })),
    discounts: invoice.discounts.map((id) => ruleOf(scope, id)),
    shippingAmount: row.shipping?.amount ?? 0,
    shippingTaxes: row.shipping ? rules(defaults) : [],
  });
  const lines = row.lines.map((line, index) => ({
    ...line,
    discount_amounts: figures.lines[index]?.discounts ?? [],
    taxes: (figures.lines[index]?.taxes ?? []).map(taxEntry),
  }));
  scope.update('sandbox.invoice', row, { lines });
  return { ...invoice, ...amounts(figures, row), lines: embedded(lines, invoice.lines.url) };
}

function amounts(figures: InvoiceFigures, row: InvoiceRow): Partial<Invoice> {
  const due = Math.max(0, figures.total);
  return {
    amount_due: due,
    amount_remaining: due,
    amount_shipping: figures.shippingTotal,
    shipping_cost: row.shipping && {
      amount_subtotal: row.shipping.amount,
      amount_tax: figures.shippingTax,
      amount_total: figures.shippingTotal,
      shipping_rate: row.shipping.rate,
    },
    subtotal: figures.subtotal,
    subtotal_excluding_tax: figures.subtotalExcludingTax,
    total: figures.total,
    total_discount_amounts: figures.discounts,
    total_excluding_tax: figures.totalExcludingTax,
    total_taxes: figures.taxes.map(taxEntry),
  };
}

export function taxRule(scope: Scope, id: string): TaxRule {
  const { percentage, inclusive } = scope.get('tax_rate', id, 'tax_rates');
  return { rate: id, percentage, inclusive };
}

export const taxEntry = ({ rate, amount, inclusive, taxableAmount }: Taxed) => ({
  amount,
  tax_behavior: inclusive ? ('inclusive' as const) : ('exclusive' as const),
  tax_rate_details: { tax_rate: rate },
  taxability_reason: 'not_available' as const,
  taxable_amount: taxableAmount,
  type: 'tax_rate_details' as const,
});

const NOTHING_YET = {
  account_country: 'US',
  account_name: 'Sandbox',
  account_tax_ids: null,
  amount_due: 0,
  amount_overpaid: 0,
  amount_paid: 0,
  amount_remaining: 0,
  amount_shipping: 0,
  application: null,
  attempt_count: 0,
  attempted: false,
  automatic_tax: AUTOMATIC_TAX_OFF,
  automatically_finalizes_at: null,
  custom_fields: null,
  customer_account: null,
  customer_tax_ids: [],
  default_source: null,
  effective_at: null,
  ending_balance: null,
  from_invoice: null,
  hosted_invoice_url: null,
  invoice_pdf: null,
  issuer: { type: 'self' as const },
  last_finalization_error: null,
  latest_revision: null,
  livemode: false,
  next_payment_attempt: null,
  on_behalf_of: null,
  payment_settings: { default_mandate: null, payment_method_options: null, payment_method_types: null },
  post_payment_credit_notes_amount: 0,
  pre_payment_credit_notes_amount: 0,
  receipt_number: null,
  rendering: null,
  shipping_cost: null,
  shipping_details: null,
  statement_descriptor: null,
  status: 'draft' as const,
  status_transitions: { finalized_at: null, marked_uncollectible_at: null, paid_at: null, voided_at: null },
  subtotal: 0,
  subtotal_excluding_tax: 0,
  total: 0,
  total_discount_amounts: [],
  total_excluding_tax: 0,
  total_pretax_credit_amounts: [],
  total_taxes: [],
  webhooks_delivered_at: null,
};
