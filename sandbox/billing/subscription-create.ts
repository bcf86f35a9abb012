import { invalidRequest } from '../core/errors.js';
import { stripeId } from '../core/ids.js';
import type { Scope } from '../core/scope.js';
import type { Kinds } from '../core/wire.js';
import { intervalsAfter, type Interval } from '../money/periods.js';
import { redeemAll, type DiscountRequest } from './discounts.js';
import { createItem, type ItemFields } from './invoice-lines.js';
import { chargePart } from './prorations.js';
import { bill } from './subscription-billing.js';
import { buildItem, itemList, requireRecurring, type ItemRequest, type Subscription } from './subscription-items.js';

export interface SubscriptionFields {
  customer: string;
  items: ItemRequest[];
  trialEnd?: number | null;
  defaultPaymentMethod?: string | null;
  metadata?: Record<string, string>;
  description?: string | null;
  discounts?: DiscountRequest[];
  collectionMethod?: Subscription['collection_method'];
  daysUntilDue?: number | null;
  paymentBehavior?: 'allow_incomplete' | 'default_incomplete' | 'error_if_incomplete';
  cancelAtPeriodEnd?: boolean;
  cancelAt?: number | 'max_period_end' | 'min_period_end' | null;
  defaultTaxRates?: string[];
  /** The end of a shorter first period. */
  anchor?: number;
  /** Whether a shorter first period is charged in part or not at all. */
  prorationBehavior?: 'create_prorations' | 'always_invoice' | 'none';
  trialSettings?: Subscription['trial_settings'];
  paymentSettings?: Partial<NonNullable<Subscription['payment_settings']>>;
  /** One-off amounts on the first invoice. */
  extras?: Pick<ItemFields, 'price' | 'quantity' | 'amount' | 'currency' | 'taxRates'>[];
  shippingAmount?: number;
  /** Instead of billing the first period. */
  bill?: typeof bill;
}

export function createSubscription(scope: Scope, fields: SubscriptionFields): Subscription {
  const customer = scope.get('customer', fields.customer, 'customer');
  const [first] = fields.items;
  if (!first) throw invalidRequest('Missing required param: items.', { code: 'parameter_missing', param: 'items' });
  const price = requireRecurring(scope, first.price);
  const id = stripeId('sub');
  const trial = fields.trialEnd !== undefined && fields.trialEnd !== null && fields.trialEnd > scope.now;
  const period = {
    start: scope.now,
    end: trial ? (fields.trialEnd ?? scope.now) : firstEnd(scope.now, price.recurring as Interval, fields.anchor),
  };
  const items = fields.items.map((item) => buildItem(scope, { id, customer: customer.id }, item, period));
  requireOneCurrency(items.map((item) => item.price.currency));
  const discounts = redeemAll(scope, fields.discounts ?? [], {
    customer: customer.id,
    subscription: id,
    currency: price.currency,
  });
  const byInvoice = fields.collectionMethod === 'send_invoice';
  const invoiceId = stripeId('in');
  const subscription: Subscription = {
    ...shell(id, customer, price.currency, scope.now),
    billing_cycle_anchor: trial || fields.anchor !== undefined ? period.end : scope.now,
    cancel_at: fields.cancelAtPeriodEnd || typeof fields.cancelAt === 'string' ? period.end : (fields.cancelAt ?? null),
    cancel_at_period_end: fields.cancelAtPeriodEnd ?? false,
    canceled_at: fields.cancelAtPeriodEnd ? scope.now : null,
    collection_method: fields.collectionMethod ?? 'charge_automatically',
    days_until_due: byInvoice ? (fields.daysUntilDue ?? 0) : null,
    default_payment_method: fields.defaultPaymentMethod ?? null,
    default_tax_rates: (fields.defaultTaxRates ?? []).map((rate) => scope.get('tax_rate', rate, 'default_tax_rates')),
    description: fields.description ?? null,
    discounts,
    items: itemList(scope, id, items),
    latest_invoice: invoiceId,
    metadata: fields.metadata ?? {},
    payment_settings: { ...NO_PAYMENT_SETTINGS, ...fields.paymentSettings },
    status: trial ? 'trialing' : byInvoice ? 'active' : 'incomplete',
    trial_end: trial ? period.end : null,
    trial_settings: fields.trialSettings ?? DEFAULT_TRIAL_SETTINGS,
    trial_start: trial ? scope.now : null,
  };
  scope.insert('subscription', subscription, 'customer.subscription.created');
  if (customer.currency === null) scope.update('customer', customer, { currency: price.currency }, 'customer.updated');
  for (const extra of fields.extras ?? []) {
    createItem(scope, {
      ...extra,
      customer: customer.id,
      subscription: id,
      description: extra.price?.nickname ?? null,
    });
  }
  const shortened = !trial && fields.anchor !== undefined;
  if (shortened && fields.prorationBehavior !== 'none') {
    chargePart(scope, subscription, items, intervalsAfter(period.end, price.recurring as Interval, -1));
  }
  const behavior = fields.paymentBehavior ?? 'allow_incomplete';
  (fields.bill ?? bill)(scope, subscription, {
    invoiceId,
    reason: 'subscription_create',
    trial,
    period: { start: scope.now, end: scope.now },
    collects: behavior !== 'default_incomplete',
    mustSucceed: behavior === 'error_if_incomplete',
    pendingOnly: shortened,
    shippingAmount: fields.shippingAmount,
  });
  return scope.get('subscription', id);
}

export const NO_PAYMENT_SETTINGS: NonNullable<Subscription['payment_settings']> = {
  payment_method_options: null,
  payment_method_types: null,
  save_default_payment_method: 'off',
};

export const DEFAULT_TRIAL_SETTINGS: NonNullable<Subscription['trial_settings']> = {
  end_behavior: { billing_cycle_anchor: null, missing_payment_method: 'create_invoice' },
};

function firstEnd(now: number, interval: Interval, anchor: number | undefined): number {
  const whole = intervalsAfter(now, interval, 1);
  if (anchor === undefined) return whole;
  if (anchor > now && anchor <= whole) return anchor;
  const message = '`billing_cycle_anchor` must be in the future and before the end of the first whole period.';
  throw invalidRequest(message, { param: 'billing_cycle_anchor' });
}

function requireOneCurrency(currencies: readonly string[]): void {
  if (new Set(currencies).size > 1) {
    throw invalidRequest('All prices on a subscription must have the same `currency`.', { param: 'items' });
  }
}

const shell = (id: string, customer: Kinds['customer'], currency: string, now: number) => ({
  id,
  object: 'subscription' as const,
  application: null,
  application_fee_percent: null,
  automatic_tax: { disabled_reason: null, enabled: false, liability: null },
  billing_cycle_anchor_config: null,
  billing_mode: { flexible: { proration_discounts: 'included' as const }, type: 'flexible' as const, updated_at: now },
  billing_schedules: [],
  billing_thresholds: null,
  cancellation_details: { comment: null, feedback: null, feedback_option: null, reason: null },
  created: now,
  currency,
  customer: customer.id,
  customer_account: null,
  default_source: null,
  ended_at: null,
  invoice_settings: {
    account_tax_ids: null,
    custom_fields: null,
    description: null,
    footer: null,
    issuer: { type: 'self' as const },
  },
  livemode: false,
  managed_payments: null,
  next_pending_invoice_item_invoice: null,
  on_behalf_of: null,
  pause_collection: null,
  pending_invoice_item_interval: null,
  pending_setup_intent: null,
  pending_update: null,
  schedule: null,
  start_date: now,
  test_clock: customer.test_clock ?? null,
  transfer_data: null,
});
