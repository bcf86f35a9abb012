/**
 * Fields that Stripe changes without telling: no event carries the new value until another change does. A mirror that
 * lives on events alone may be behind in them, and in nothing else; who compares one with the truth leaves them out.
 */
export const SILENT_FIELDS: Readonly<Record<string, readonly string[]>> = {
  // The number is counted when an invoice is finalized; the prefix is made for the first one.
  customer: ['invoice_prefix', 'next_invoice_sequence'],
  // Shown when the invoice is retrieved, and in no event.
  invoice: ['amount_paid_off_stripe'],
  // There is no `invoiceitem.updated`, neither when an invoice takes the item in nor when an API call changes it.
  invoiceitem: [
    'amount',
    'description',
    'discountable',
    'discounts',
    'invoice',
    'metadata',
    'period',
    'pricing',
    'quantity',
    'tax_rates',
  ],
  // Types without an `updated` of their own: what an API call changes is in that call's answer only.
  'checkout.session': ['collected_information', 'metadata', 'shipping_options'],
  payment_intent: [
    'amount',
    'customer',
    'description',
    'metadata',
    'payment_method',
    'receipt_email',
    'setup_future_usage',
    'shipping',
    'statement_descriptor',
    'transfer_group',
  ],
  setup_intent: ['customer', 'description', 'metadata', 'payment_method', 'payment_method_types'],
  quote: [
    'amount_subtotal',
    'amount_total',
    'collection_method',
    'computed',
    'currency',
    'customer',
    'default_tax_rates',
    'description',
    'expires_at',
    'footer',
    'header',
    'invoice_settings',
    'metadata',
    'subscription_data',
    'total_details',
  ],
  topup: ['description', 'metadata'],
};

/**
 * Types of which Stripe sends no event at all, or none when they come about: they are known from lists, and from the
 * objects that carry them. That no event told of one is no loss of an event.
 */
export const SILENT_TYPES: readonly string[] = [
  'account',
  'balance_transaction',
  'capability',
  'checkout.session',
  'customer_balance_transaction',
  'invoice_payment',
  'line_item',
  'payment_method',
  'shipping_rate',
  'subscription_item',
  'transfer_reversal',
  'webhook_endpoint',
];
