import type Stripe from 'stripe';

/** A reference as it travels when nothing is expanded: the id alone. */
type Reference<F> = [Extract<F, string>] extends [never] ? Wire<F> : Wire<Exclude<F, { id: string }>>;

/**
 * An object of the SDK as it stands on the wire: references are ids, decimals are strings. The stored objects have
 * exactly this shape, so that the compiler holds every builder against the SDK's own declarations.
 */
export type Wire<T> = T extends string | number | boolean | null | undefined
  ? T
  : T extends Stripe.Decimal
    ? string
    : T extends (infer U)[]
      ? Reference<U>[]
      : T extends { object: 'list'; data: (infer U)[] }
        ? ListOf<Wire<U>>
        : T extends object
          ? { [K in keyof T as K extends 'deleted' | 'lastResponse' ? never : K]: Reference<T[K]> }
          : T;

export interface ListOf<T> {
  object: 'list';
  data: T[];
  has_more: boolean;
  url: string;
}

/** What the sandbox knows of a connected or own account besides Stripe's object. */
export interface CardRow {
  id: string;
  object: 'sandbox.card';
  created: number;
  /** What a payment with it does. */
  behaviour: CardBehaviour;
}
export type CardBehaviour = 'succeeds' | 'succeeds_at_once' | 'declines' | 'disputed' | 'insufficient_funds';

/** The part of a webhook endpoint that Stripe never shows again. */
export interface EndpointRow {
  id: string;
  object: 'sandbox.endpoint';
  created: number;
  connect: boolean;
  /** Newest first; more than one only while a secret is rotated. */
  secrets: string[];
}

/** The settings that a Checkout Session was created with and that its object does not show. */
export interface CheckoutRow {
  id: string;
  object: 'sandbox.checkout';
  created: number;
  lines: CheckoutLine[];
  subscriptionData: {
    metadata?: Record<string, string>;
    description?: string | null;
    trial_period_days?: number;
    trial_end?: number;
    default_tax_rates?: string[];
  };
  paymentIntentData: {
    metadata?: Record<string, string>;
    description?: string | null;
    transfer_group?: string;
    setup_future_usage?: string;
  };
  shippingAmount: number;
  /** As they were bought, from completion on: the codes may be used up later. */
  items?: Wire<Stripe.LineItem>[];
}
export interface CheckoutLine {
  id: string;
  price: string;
  quantity: number;
  tax_rates: string[];
}

/** What an invoice is counted from; its object shows the first lines only. */
export interface InvoiceRow {
  id: string;
  object: 'sandbox.invoice';
  created: number;
  lines: Wire<Stripe.InvoiceLineItem>[];
  /** Tax rates of single lines by line id; the others take the invoice's default rates. */
  taxRates: Record<string, string[]>;
  shipping: { amount: number; rate: string | null; inclusive: boolean } | null;
  /** The default payment, from the moment the invoice is finalized with something to pay. */
  payment: string | null;
}

/** What a payment link or a quote lists and its object does not show. */
export interface ItemsRow {
  id: string;
  object: 'sandbox.items';
  created: number;
  items: Wire<Stripe.LineItem>[];
}

/** The tiers of a price, which Stripe shows only to those who ask for them. Kept under the price's id. */
export interface TiersRow {
  id: string;
  object: 'sandbox.tiers';
  created: number;
  tiers: Wire<Stripe.Price.Tier>[];
}

/** How much a meter counted, one row an event. */
export interface MeterReadingRow {
  id: string;
  object: 'sandbox.meter_reading';
  created: number;
  eventName: string;
  customer: string | null;
  value: number;
}

/** Every kind of object by its `object` name. */
export interface Kinds {
  account: Wire<Stripe.Account>;
  capability: Wire<Stripe.Capability>;
  application: { id: string; object: 'application'; name: string | null };
  customer: Wire<Stripe.Customer>;
  customer_balance_transaction: Wire<Stripe.CustomerBalanceTransaction>;
  product: Wire<Stripe.Product>;
  price: Wire<Stripe.Price>;
  coupon: Wire<Stripe.Coupon>;
  promotion_code: Wire<Stripe.PromotionCode>;
  discount: Wire<Stripe.Discount>;
  tax_rate: Wire<Stripe.TaxRate>;
  shipping_rate: Wire<Stripe.ShippingRate>;
  payment_method: Wire<Stripe.PaymentMethod>;
  'checkout.session': Wire<Stripe.Checkout.Session>;
  subscription: Wire<Stripe.Subscription>;
  subscription_item: Wire<Stripe.SubscriptionItem>;
  'test_helpers.test_clock': Wire<Stripe.TestHelpers.TestClock>;
  invoice: Wire<Stripe.Invoice>;
  line_item: Wire<Stripe.InvoiceLineItem>;
  invoiceitem: Wire<Stripe.InvoiceItem>;
  invoice_payment: Wire<Stripe.InvoicePayment>;
  payment_intent: Wire<Stripe.PaymentIntent>;
  charge: Wire<Stripe.Charge>;
  refund: Wire<Stripe.Refund>;
  dispute: Wire<Stripe.Dispute>;
  balance_transaction: Wire<Stripe.BalanceTransaction>;
  transfer: Wire<Stripe.Transfer>;
  transfer_reversal: Wire<Stripe.TransferReversal>;
  payout: Wire<Stripe.Payout>;
  topup: Wire<Stripe.Topup>;
  credit_note: Wire<Stripe.CreditNote>;
  webhook_endpoint: Wire<Stripe.WebhookEndpoint>;
  event: EventRow;
  tax_id: Wire<Stripe.TaxId>;
  card: Wire<Stripe.Card>;
  bank_account: Wire<Stripe.BankAccount>;
  source: Wire<Stripe.Source>;
  setup_intent: Wire<Stripe.SetupIntent>;
  setup_attempt: Wire<Stripe.SetupAttempt>;
  mandate: Wire<Stripe.Mandate>;
  person: Wire<Stripe.Person>;
  'billing.meter': Wire<Stripe.Billing.Meter>;
  'billing.credit_grant': Wire<Stripe.Billing.CreditGrant>;
  'billing.credit_balance_transaction': Wire<Stripe.Billing.CreditBalanceTransaction>;
  subscription_schedule: Wire<Stripe.SubscriptionSchedule>;
  quote: Wire<Stripe.Quote>;
  payment_link: Wire<Stripe.PaymentLink>;
  'radar.early_fraud_warning': Wire<Stripe.Radar.EarlyFraudWarning>;
  'sandbox.card': CardRow;
  'sandbox.endpoint': EndpointRow;
  'sandbox.checkout': CheckoutRow;
  'sandbox.invoice': InvoiceRow;
  'sandbox.items': ItemsRow;
  'sandbox.tiers': TiersRow;
  'sandbox.meter_reading': MeterReadingRow;
}
export type Kind = keyof Kinds;

export interface EventRow {
  id: string;
  object: 'event';
  account?: string;
  api_version: string;
  created: number;
  data: { object: unknown; previous_attributes?: Record<string, unknown> };
  livemode: boolean;
  pending_webhooks: number;
  request: { id: string | null; idempotency_key: string | null };
  type: string;
}

/** The API version whose shapes are served. */
export const API_VERSION = '2026-10-28.endive';
