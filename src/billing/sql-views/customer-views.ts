import { createdAt, flag, key, livemode, metadata, minor, ref, text, time, whole, type SqlView } from './view.js';

/** Who pays, and with what. */
export const CUSTOMER_VIEWS: readonly SqlView[] = [
  {
    name: 'customers',
    comment: 'Customers, one row each. Deleted ones stay, because their invoices do: look at deleted_at.',
    columns: [
      ...key('c', 'customer'),
      livemode('c'),
      ['email', 'c.email', 'The address that Stripe sends invoices and receipts to.'],
      ['name', text('c', 'name'), 'Full name, or the business’s.'],
      ['phone', text('c', 'phone'), 'Telephone number.'],
      ['description', text('c', 'description'), 'Your own words about the customer.'],
      ['country', `c.data #>> '{address,country}'`, 'Two-letter country of the billing address.'],
      [
        'currency',
        text('c', 'currency'),
        'The currency of the customer’s subscriptions and of balance_minor, lower case.',
      ],
      [
        'balance_minor',
        `coalesce(${minor('c', 'balance')}, ${minor('c', 'account_balance')}, 0)`,
        'Stripe’s customer balance in minor units of currency: negative is credit that the next invoices use up.',
      ],
      ['delinquent', flag('c', 'delinquent'), 'Whether the latest charge for an invoice failed.'],
      ['tax_exempt', text('c', 'tax_exempt'), '“none”, “exempt” or “reverse”.'],
      [
        'default_payment_method_id',
        `coalesce(stripe.ref(c.data #> '{invoice_settings,default_payment_method}'), ${ref('c', 'default_source')})`,
        'What invoices are charged to: a payment method, or an old card or source.',
      ],
      metadata('c'),
      createdAt('c'),
      ['deleted_at', 'c.deleted_at', 'When the customer was deleted at Stripe; null while it exists.'],
    ],
    from: 'stripe.customers c',
  },
  {
    name: 'payment_methods',
    comment: 'Payment methods that Stripe knows, one row each, without those that were deleted.',
    columns: [
      ...key('m', 'payment method'),
      livemode('m'),
      ['customer_id', 'm.customer', 'The customer it is attached to; null when detached.'],
      ['type', 'm.type', 'Stripe’s kind: card, sepa_debit, us_bank_account, …'],
      ['card_brand', `m.data #>> '{card,brand}'`, 'Of a card: visa, mastercard, …'],
      [
        'last4',
        `m.data -> m.type ->> 'last4'`,
        'The last four characters of the card or account, where the kind has them.',
      ],
      [
        'card_exp_month',
        `billing.minor(m.data #> '{card,exp_month}')::integer`,
        'Month in which the card expires, 1 to 12.',
      ],
      ['card_exp_year', `billing.minor(m.data #> '{card,exp_year}')::integer`, 'Year in which the card expires.'],
      metadata('m'),
      createdAt('m'),
    ],
    from: 'stripe.payment_methods m WHERE m.deleted_at IS NULL',
  },
];

/** What is sold, and for how much less. */
export const CATALOG_VIEWS: readonly SqlView[] = [
  {
    name: 'products',
    comment: 'Products, one row each. Deleted ones stay, because invoice lines name them: look at deleted_at.',
    columns: [
      ...key('p', 'product'),
      livemode('p'),
      ['name', text('p', 'name'), 'The name that customers see.'],
      ['description', text('p', 'description'), 'What customers read about it.'],
      ['active', 'p.active', 'Whether it can be bought.'],
      ['default_price_id', ref('p', 'default_price'), 'The price that Stripe takes when none is named.'],
      metadata('p'),
      createdAt('p'),
      ['deleted_at', 'p.deleted_at', 'When it was deleted at Stripe; null while it exists.'],
    ],
    from: 'stripe.products p',
  },
  {
    name: 'prices',
    comment:
      'Prices, and plans from before there were prices, one row each. Deleted ones stay, because subscriptions may have them: look at deleted_at.',
    columns: [
      ...key('p', 'price or plan'),
      livemode('p'),
      ['product_id', 'p.product', 'The product that is sold at this price.'],
      ['active', 'p.active', 'Whether it can be used for new sales.'],
      ['nickname', text('p', 'nickname'), 'Your own short name for it.'],
      ['lookup_key', text('p', 'lookup_key'), 'Your own key for it.'],
      ['currency', text('p', 'currency'), 'Currency of the amounts, lower case.'],
      [
        'unit_amount_minor',
        `CASE WHEN billing.price_unit_amount(p.data) = trunc(billing.price_unit_amount(p.data)) THEN billing.price_unit_amount(p.data)::bigint END`,
        'What one unit costs, in minor units. Null for tiered prices and for fractions of a minor unit.',
      ],
      [
        'unit_amount_decimal',
        'billing.price_unit_amount(p.data)',
        'The same with fractions of a minor unit, as numeric.',
      ],
      ['recurring', 'billing.price_period(p.data) IS NOT NULL', 'Whether it is charged again and again.'],
      ['interval', 'billing.price_period(p.data)', 'day, week, month or year; null for what is paid once.'],
      [
        'interval_count',
        'CASE WHEN billing.price_period(p.data) IS NOT NULL THEN billing.price_periods(p.data) END',
        'How many intervals lie between two charges.',
      ],
      ['metered', 'billing.price_is_metered(p.data)', 'Whether usage is charged afterwards.'],
      ['billing_scheme', `coalesce(${text('p', 'billing_scheme')}, 'per_unit')`, '“per_unit” or “tiered”.'],
      metadata('p'),
      createdAt('p'),
      ['deleted_at', 'p.deleted_at', 'When it was deleted at Stripe; null while it exists.'],
    ],
    from: `(
  SELECT workspace_id, account, id, data, product, active, created, deleted_at FROM stripe.prices
  UNION ALL
  SELECT l.workspace_id, l.account, l.id, l.data, l.product, l.active, l.created, l.deleted_at FROM stripe.plans l
   WHERE NOT EXISTS (SELECT FROM stripe.prices s WHERE s.workspace_id = l.workspace_id AND s.account = l.account AND s.id = l.id)) p`,
  },
  {
    name: 'coupons',
    comment: 'Coupons, one row each. Deleted ones stay, because discounts name them: look at deleted_at.',
    columns: [
      ...key('k', 'coupon'),
      livemode('k'),
      ['name', text('k', 'name'), 'The name that customers see.'],
      [
        'percent_off',
        `billing.decimal(k.data->'percent_off')`,
        'Percentage taken off, as numeric; null where an amount is taken off.',
      ],
      [
        'amount_off_minor',
        minor('k', 'amount_off'),
        'Amount taken off in minor units of currency; null for percentages.',
      ],
      ['currency', text('k', 'currency'), 'Currency of amount_off_minor, lower case.'],
      ['duration', text('k', 'duration'), '“once”, “repeating” or “forever”.'],
      ['duration_in_months', whole('k', 'duration_in_months'), 'For repeating ones.'],
      [
        'times_redeemed',
        whole('k', 'times_redeemed'),
        'How often it was used, by Stripe’s count at the last news of it.',
      ],
      ['max_redemptions', whole('k', 'max_redemptions'), 'How often it may be used; null for any number.'],
      ['redeem_by', time('k', 'redeem_by'), 'Until when it can be used.'],
      ['valid', flag('k', 'valid'), 'Whether it could be used at the last news of it.'],
      metadata('k'),
      createdAt('k'),
      ['deleted_at', 'k.deleted_at', 'When it was deleted at Stripe; null while it exists.'],
    ],
    from: 'stripe.coupons k',
  },
  {
    name: 'promotion_codes',
    comment: 'Codes that customers type in to get a coupon’s discount, one row each.',
    columns: [
      ...key('p', 'promotion code'),
      livemode('p'),
      ['code', 'p.code', 'What customers type in.'],
      ['coupon_id', 'p.coupon', 'The coupon that it gives.'],
      ['customer_id', ref('p', 'customer'), 'The only customer who may use it; null for all.'],
      ['active', 'p.active', 'Whether it can be used.'],
      [
        'times_redeemed',
        whole('p', 'times_redeemed'),
        'How often it was used, by Stripe’s count at the last news of it.',
      ],
      metadata('p'),
      createdAt('p'),
    ],
    from: 'stripe.promotion_codes p WHERE p.deleted_at IS NULL',
  },
  {
    name: 'discounts',
    comment: 'Coupons as they were given, one row each; those that were taken away again stay, with ended_at.',
    columns: [
      ...key('d', 'discount'),
      ['customer_id', 'd.customer', 'Who got it.'],
      ['subscription_id', 'd.subscription', 'The subscription it is for; null for the customer’s or an invoice’s own.'],
      ['invoice_id', 'd.invoice', 'The one invoice it is for.'],
      ['coupon_id', 'd.coupon', 'The coupon with its terms.'],
      ['promotion_code_id', 'd.promotion_code', 'The code by which it was got.'],
      ['started_at', time('d', 'start'), 'From when it counts.'],
      [
        'ended_at',
        `least(${time('d', 'end')}, d.deleted_at)`,
        'Until when it counts: its planned end, or when it was taken away. Null for one that goes on.',
      ],
    ],
    from: 'stripe.discounts d',
  },
];
