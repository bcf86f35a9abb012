import { seededRandom } from '../sandbox/core/random.js';

export interface SampleEvent {
  id: string;
  body: string;
}

/** What the mirror must hold in the end, by object id. */
export interface SampleTruth {
  table: 'customers' | 'subscriptions' | 'invoices' | 'invoice_payments';
  id: string;
  /** `version` in the object's metadata. */
  version: string;
}

export interface Sample {
  events: SampleEvent[];
  truth: SampleTruth[];
}

type Fields = Record<string, unknown>;

/** The share of customers whose whole story happens within one second, as checkouts do. */
const SHARE_WITHIN_ONE_SECOND = 0.3;
/** Stripe's deliveries overtake each other about as far as this. */
const SHUFFLE_WINDOW = 40;
const API_VERSION = '2026-10-28.endive';

/**
 * The stories of new customers as Stripe tells them, about 6 KB an event, delivered in disorder: customer, subscription,
 * invoice (drafted, finalized, paid) and its payment, subscription activated. The same `seed` makes the same sample.
 */
export function sampleEvents(count: number, seed: number): Sample {
  const random = seededRandom(seed);
  const events: SampleEvent[] = [];
  const truth: SampleTruth[] = [];
  const startedAt = Math.floor(Date.now() / 1000) - 86_400;
  for (let story = 0; events.length < count; story++) {
    const withinOneSecond = random() < SHARE_WITHIN_ONE_SECOND;
    const told = tellStory(`${seed}x${story}`, startedAt + story, withinOneSecond ? 0 : 1, random);
    events.push(...told.events);
    truth.push(...told.truth);
  }
  return { events: shuffledInWindows(events, random), truth };
}

function tellStory(key: string, startedAt: number, step: 0 | 1, random: () => number): Sample {
  const ids = { customer: `cus_${key}`, subscription: `sub_${key}`, invoice: `in_${key}`, payment: `inpay_${key}` };
  const events: SampleEvent[] = [];
  let at = startedAt;
  const tell = (type: string, object: Fields, previous?: Fields): void => {
    const id = `evt_${key}_${Math.floor(random() * 1e9).toString(36)}_${events.length}`;
    const data = { object, ...(previous && { previous_attributes: previous }) };
    const request = { id: null, idempotency_key: null };
    events.push({
      id,
      body: JSON.stringify(
        {
          id,
          object: 'event',
          api_version: API_VERSION,
          created: at,
          data,
          livemode: false,
          pending_webhooks: 1,
          request,
          type,
        },
        null,
        2,
      ),
    });
    at += step;
  };
  const subscription = (status: string, version: string): Fields =>
    subscriptionOf(ids, { status, version, created: startedAt });
  const invoice = (status: string, version: string): Fields => invoiceOf(ids, { status, version, created: startedAt });

  tell('customer.created', customerOf(ids, startedAt));
  tell('customer.subscription.created', subscription('incomplete', '1'));
  tell('invoice.created', invoice('draft', '1'));
  tell('invoice.finalized', invoice('open', '2'), { status: 'draft', metadata: { version: '1' } });
  tell('invoice.paid', invoice('paid', '3'), { status: 'open', metadata: { version: '2' } });
  tell('invoice_payment.paid', paymentOf(ids, startedAt));
  tell('customer.subscription.updated', subscription('active', '2'), {
    status: 'incomplete',
    metadata: { version: '1' },
  });
  return {
    events,
    truth: [
      { table: 'customers', id: ids.customer, version: '1' },
      { table: 'subscriptions', id: ids.subscription, version: '2' },
      { table: 'invoices', id: ids.invoice, version: '3' },
      { table: 'invoice_payments', id: ids.payment, version: '1' },
    ],
  };
}

type Ids = Record<'customer' | 'subscription' | 'invoice' | 'payment', string>;

/** Notes of the kind companies keep, so that objects which are short by nature have the size of the others. */
function metadataOf(id: string, version: string, notes: number): Fields {
  const entries = Array.from({ length: notes }, (_, n) => [
    `integration_note_${n}`,
    `${id}/${(n * 7_919).toString(36)}: imported from the order system, see record ${n * 104_729} of tenant ${n % 7}`,
  ]);
  return { version, ...Object.fromEntries(entries) };
}

const ADDRESS = { city: 'Graz', country: 'AT', line1: 'Hauptplatz 1', line2: null, postal_code: '8010', state: null };

function customerOf({ customer }: Ids, created: number): Fields {
  return {
    id: customer,
    object: 'customer',
    address: ADDRESS,
    balance: 0,
    created,
    currency: 'eur',
    default_source: null,
    delinquent: false,
    description: 'A customer of the benchmark',
    email: `${customer}@example.com`,
    invoice_prefix: customer.slice(-8).toUpperCase(),
    invoice_settings: {
      custom_fields: null,
      default_payment_method: `pm_${customer}`,
      footer: null,
      rendering_options: null,
    },
    livemode: false,
    metadata: metadataOf(customer, '1', 38),
    name: 'Ada Example',
    next_invoice_sequence: 1,
    phone: '+43 316 000000',
    preferred_locales: ['de-AT'],
    shipping: { address: ADDRESS, carrier: null, name: 'Ada Example', phone: null, tracking_number: null },
    tax_exempt: 'none',
    test_clock: null,
  };
}

function priceOf(id: string): Fields {
  return {
    id,
    object: 'price',
    active: true,
    billing_scheme: 'per_unit',
    created: 1_700_000_000,
    currency: 'eur',
    custom_unit_amount: null,
    livemode: false,
    lookup_key: null,
    metadata: {},
    nickname: 'Team, monthly',
    product: `prod_${id}`,
    recurring: { interval: 'month', interval_count: 1, meter: null, trial_period_days: null, usage_type: 'licensed' },
    tax_behavior: 'exclusive',
    tiers_mode: null,
    transform_quantity: null,
    type: 'recurring',
    unit_amount: 4_900,
    unit_amount_decimal: '4900',
  };
}

function subscriptionOf(
  ids: Ids,
  { status, version, created }: { status: string; version: string; created: number },
): Fields {
  const items = ['a', 'b'].map((letter) => ({
    id: `si_${ids.subscription}${letter}`,
    object: 'subscription_item',
    billing_thresholds: null,
    created,
    current_period_end: created + 2_592_000,
    current_period_start: created,
    discounts: [],
    metadata: {},
    price: priceOf(`price_${letter}`),
    quantity: 3,
    subscription: ids.subscription,
    tax_rates: [],
  }));
  return {
    id: ids.subscription,
    object: 'subscription',
    automatic_tax: { disabled_reason: null, enabled: false, liability: null },
    billing_cycle_anchor: created,
    billing_mode: { type: 'flexible', updated_at: created },
    cancel_at: null,
    cancel_at_period_end: false,
    canceled_at: null,
    collection_method: 'charge_automatically',
    created,
    currency: 'eur',
    customer: ids.customer,
    default_payment_method: `pm_${ids.customer}`,
    discounts: [],
    ended_at: null,
    items: {
      object: 'list',
      data: items,
      has_more: false,
      total_count: items.length,
      url: `/v1/subscription_items?subscription=${ids.subscription}`,
    },
    latest_invoice: ids.invoice,
    livemode: false,
    metadata: metadataOf(ids.subscription, version, 16),
    pause_collection: null,
    payment_settings: { payment_method_options: null, payment_method_types: null, save_default_payment_method: 'off' },
    pending_setup_intent: null,
    start_date: created,
    status,
    transfer_data: null,
    trial_end: null,
  };
}

function invoiceOf(
  ids: Ids,
  { status, version, created }: { status: string; version: string; created: number },
): Fields {
  const lines = [4_900, 9_800].map((amount, n) => ({
    id: `il_${ids.invoice}${n}`,
    object: 'line_item',
    amount,
    currency: 'eur',
    description: `${n + 1} × Team (at €49.00 / month)`,
    discount_amounts: [],
    discountable: true,
    discounts: [],
    invoice: ids.invoice,
    livemode: false,
    metadata: {},
    parent: {
      invoice_item_details: null,
      subscription_item_details: {
        invoice_item: null,
        proration: false,
        proration_details: { credited_items: null },
        subscription: ids.subscription,
        subscription_item: `si_${ids.subscription}${n}`,
      },
      type: 'subscription_item_details',
    },
    period: { end: created + 2_592_000, start: created },
    pretax_credit_amounts: [],
    pricing: {
      price_details: { price: `price_${n}`, product: `prod_${n}` },
      type: 'price_details',
      unit_amount_decimal: '4900',
    },
    quantity: n + 1,
    taxes: [
      {
        amount: amount / 5,
        tax_behavior: 'exclusive',
        tax_rate_details: { tax_rate: 'txr_vat' },
        taxability_reason: 'standard_rated',
        taxable_amount: amount,
        type: 'tax_rate_details',
      },
    ],
  }));
  const [subtotal, total] = [14_700, 17_640];
  const paid = status === 'paid';
  return {
    id: ids.invoice,
    object: 'invoice',
    account_country: 'AT',
    account_name: 'The company',
    amount_due: total,
    amount_paid: paid ? total : 0,
    amount_remaining: paid ? 0 : total,
    attempt_count: paid ? 1 : 0,
    attempted: paid,
    auto_advance: !paid,
    billing_reason: 'subscription_create',
    collection_method: 'charge_automatically',
    created,
    currency: 'eur',
    customer: ids.customer,
    customer_address: ADDRESS,
    customer_email: `${ids.customer}@example.com`,
    customer_name: 'Ada Example',
    customer_tax_ids: [],
    default_tax_rates: [],
    discounts: [],
    ending_balance: 0,
    footer: null,
    hosted_invoice_url: `https://invoice.example.com/i/acct_company/test_${ids.invoice.repeat(4)}?s=ap`,
    invoice_pdf: `https://pay.example.com/invoice/acct_company/test_${ids.invoice.repeat(4)}/pdf?s=ap`,
    lines: {
      object: 'list',
      data: lines,
      has_more: false,
      total_count: lines.length,
      url: `/v1/invoices/${ids.invoice}/lines`,
    },
    livemode: false,
    metadata: metadataOf(ids.invoice, version, 4),
    number: ids.invoice.toUpperCase(),
    parent: {
      quote_details: null,
      subscription_details: { metadata: {}, subscription: ids.subscription },
      type: 'subscription_details',
    },
    payment_settings: { default_mandate: null, payment_method_options: null, payment_method_types: null },
    period_end: created,
    period_start: created,
    starting_balance: 0,
    status,
    status_transitions: {
      finalized_at: status === 'draft' ? null : created,
      marked_uncollectible_at: null,
      paid_at: paid ? created : null,
      voided_at: null,
    },
    subtotal,
    subtotal_excluding_tax: subtotal,
    total,
    total_discount_amounts: [],
    total_excluding_tax: subtotal,
    total_taxes: [
      {
        amount: total - subtotal,
        tax_behavior: 'exclusive',
        tax_rate_details: { tax_rate: 'txr_vat' },
        taxability_reason: 'standard_rated',
        taxable_amount: subtotal,
        type: 'tax_rate_details',
      },
    ],
    webhooks_delivered_at: null,
  };
}

function paymentOf(ids: Ids, created: number): Fields {
  return {
    id: ids.payment,
    object: 'invoice_payment',
    amount_paid: 17_640,
    amount_requested: 17_640,
    created,
    currency: 'eur',
    invoice: ids.invoice,
    is_default: true,
    livemode: false,
    metadata: metadataOf(ids.payment, '1', 44),
    payment: { payment_intent: `pi_${ids.payment}`, type: 'payment_intent' },
    status: 'paid',
    status_transitions: { canceled_at: null, paid_at: created },
  };
}

function shuffledInWindows<T>(items: readonly T[], random: () => number): T[] {
  return items
    .map((item, index) => ({ item, place: index + random() * SHUFFLE_WINDOW }))
    .sort((a, b) => a.place - b.place)
    .map(({ item }) => item);
}
