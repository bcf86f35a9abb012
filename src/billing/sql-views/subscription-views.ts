import {
  createdAt,
  flag,
  key,
  livemode,
  metadata,
  ref,
  scope,
  text,
  time,
  together,
  whole,
  withTiers,
  type SqlView,
} from './view.js';

const PRICE = `coalesce(CASE jsonb_typeof(i.data->'price') WHEN 'object' THEN i.data->'price' END, i.data->'plan')`;
const QUANTITY = `coalesce(billing.decimal(i.data->'quantity'), 1)`;

/**
 * An item's terms and what it comes to in a month, not rounded, for `FROM stripe.subscription_items i`. `OFFSET 0` has each
 * of them computed once per item and not once per use. Most items cost so much a unit, which is a column; tiers, packages and
 * discounts are looked at only where there are some.
 */
const ITEM_VALUE = `CROSS JOIN LATERAL (SELECT ${QUANTITY} AS quantity, coalesce(i.usage_type, 'licensed') = 'metered' AS metered,
    coalesce(i.interval_count, 1)::integer AS periods OFFSET 0) AS terms
  CROSS JOIN LATERAL (SELECT CASE WHEN terms.metered THEN 0 WHEN i.unit_amount IS NOT NULL THEN i.unit_amount * terms.quantity
      ELSE billing.price_amount(${withTiers(PRICE, 'i.price', 'i')}, terms.quantity) END AS amount OFFSET 0) AS asked
  CROSS JOIN LATERAL (SELECT CASE WHEN terms.metered THEN 0 ELSE billing.monthly(asked.amount, i."interval", terms.periods) END AS gross OFFSET 0) AS value
  LEFT JOIN LATERAL (
    SELECT billing.discounted(value.gross, d.percent_off,
             billing.monthly(d.amount_off_minor, i."interval", terms.periods) ORDER BY d.position) AS net
      FROM billing.subscription_discounts d
     WHERE ${together('d', 'i')} AND d.subscription_item_id = i.id AND d.recurs
       AND coalesce(i.data->'discounts', '[]') <> '[]') AS own ON true`;

const COUNTED = `s.status IN ('active', 'past_due') AND NOT s.paused`;

const NOT_COUNTED = `CASE WHEN s.paused AND s.status IN ('active', 'past_due', 'trialing') THEN 'paused'
    WHEN s.status IN ('active', 'past_due') THEN NULL ELSE s.status END`;

const PERIOD_START = `coalesce(${time('s', 'current_period_start')}, items.period_start)`;

export const SUBSCRIPTION_DISCOUNTS: SqlView = {
  name: 'subscription_discounts',
  comment:
    'The discounts that a subscription has now, in the order in which Stripe applies them: its items’ own, its own, or else its customer’s.',
  columns: [
    ...scope('r'),
    ['subscription_id', 'r.subscription_id', 'The subscription that gets cheaper.'],
    ['subscription_item_id', 'r.item_id', 'The item that it is limited to; null for the whole subscription.'],
    ['customer_id', 'r.customer_id', 'The subscription’s customer.'],
    ['position', 'r.nth::integer', 'Counts from 1 in the order of application.'],
    ['source', 'r.source', '“item”, “subscription” or “customer”: where it was given.'],
    ['discount_id', 'own.id', 'Stripe’s id of the discount.'],
    ['coupon_id', 'coupon.id', 'The coupon; null while neither the discount nor its coupon has arrived.'],
    ['coupon_name', `coupon.data->>'name'`, 'The name that customers see.'],
    ['duration', `coupon.data->>'duration'`, '“once”, “repeating” or “forever”.'],
    ['percent_off', `billing.decimal(coupon.data->'percent_off')`, 'Percentage taken off, as numeric.'],
    [
      'amount_off_minor',
      `CASE WHEN coupon.data->>'currency' = r.currency THEN billing.minor(coupon.data->'amount_off')
            ELSE billing.minor(coupon.data #> ARRAY['currency_options', r.currency, 'amount_off']) END`,
      'Amount taken off each invoice, in minor units of currency.',
    ],
    ['currency', 'r.currency', 'The subscription’s currency, lower case.'],
    ['started_at', `stripe.epoch(d.data->'start')`, 'From when it counts.'],
    ['ends_at', `stripe.epoch(d.data->'end')`, 'Until when it counts; null for one without an end.'],
    [
      'recurs',
      `coalesce(coupon.data->>'duration' <> 'once' AND coalesce(stripe.epoch(d.data->'end') > now(), true), false)`,
      'Whether it lowers the monthly value: it neither is for one invoice only nor has ended.',
    ],
  ],
  from: `(
  SELECT s.workspace_id, s.account, s.id AS subscription_id, NULL::text AS item_id, s.customer AS customer_id,
         coalesce(s.currency, s.data #>> '{items,data,0,price,currency}', s.data #>> '{items,data,0,plan,currency}', s.data #>> '{plan,currency}') AS currency,
         e.discount AS ref, e.nth, 'subscription' AS source
    FROM stripe.subscriptions s CROSS JOIN LATERAL billing.discount_refs(s.data) AS e
   WHERE s.deleted_at IS NULL AND s.discounted
  UNION ALL
  SELECT i.workspace_id, i.account, i.parent, i.id, NULL,
         coalesce(i.data #>> '{price,currency}', i.data #>> '{plan,currency}'), e.discount, e.nth, 'item'
    FROM stripe.subscription_items i CROSS JOIN LATERAL billing.discount_refs(i.data) AS e
   WHERE i.deleted_at IS NULL
  UNION ALL
  SELECT s.workspace_id, s.account, s.id, NULL, s.customer,
         coalesce(s.currency, s.data #>> '{items,data,0,price,currency}', s.data #>> '{items,data,0,plan,currency}', s.data #>> '{plan,currency}'),
         c.data->'discount', 1, 'customer'
    FROM stripe.subscriptions s JOIN stripe.customers c ON ${together('c', 's')} AND c.id = s.customer
   WHERE s.deleted_at IS NULL AND NOT s.discounted AND c.deleted_at IS NULL AND c.discounted) AS r
  CROSS JOIN LATERAL (SELECT stripe.ref(r.ref) AS id OFFSET 0) AS own
  LEFT JOIN stripe.discounts known ON ${together('known', 'r')} AND known.id = own.id
  CROSS JOIN LATERAL (SELECT CASE jsonb_typeof(r.ref) WHEN 'object' THEN r.ref ELSE known.data END AS data OFFSET 0) AS d
  CROSS JOIN LATERAL (SELECT coalesce(d.data->'coupon', d.data #> '{source,coupon}') AS ref OFFSET 0) AS given
  CROSS JOIN LATERAL (SELECT stripe.ref(given.ref) AS id OFFSET 0) AS named
  LEFT JOIN stripe.coupons k ON ${together('k', 'r')} AND k.id = named.id
  CROSS JOIN LATERAL (SELECT named.id, CASE jsonb_typeof(given.ref) WHEN 'object' THEN given.ref ELSE k.data END AS data OFFSET 0) AS coupon`,
};

const SUBSCRIPTION_ITEMS: SqlView = {
  name: 'subscription_items',
  comment: 'What subscriptions consist of, one row per item, without items that were taken out.',
  columns: [
    ...key('i', 'subscription item'),
    ['subscription_id', 'i.parent', 'The subscription that the item belongs to.'],
    ['product_id', 'i.product', 'What is sold.'],
    ['price_id', 'i.price', 'The price, or the plan of older days.'],
    ['quantity', `billing.minor(i.data->'quantity')`, 'How many; null for metered prices.'],
    ['currency', `${PRICE}->>'currency'`, 'Currency of the amounts, lower case.'],
    [
      'unit_amount_decimal',
      `coalesce(i.unit_amount, billing.price_unit_amount(${PRICE}))`,
      'What one unit costs, in minor units with fractions; null for tiered prices.',
    ],
    ['interval', 'i."interval"', 'day, week, month or year.'],
    ['interval_count', 'terms.periods', 'How many intervals lie between two charges.'],
    ['metered', 'terms.metered', 'Whether usage is charged afterwards; its monthly value counts as 0.'],
    ['billing_scheme', `coalesce(${PRICE}->>'billing_scheme', 'per_unit')`, '“per_unit” or “tiered”.'],
    [
      'monthly_gross_minor',
      'billing.money(value.gross)',
      'What the item comes to in a month before discounts, in minor units, rounded once. Null when the price’s tiers are not known here.',
    ],
    [
      'monthly_minor',
      'billing.money(coalesce(own.net, value.gross))',
      'The same after the item’s own discounts; those of the whole subscription are taken off in billing.subscriptions.',
    ],
    [
      'current_period_start_at',
      `coalesce(${time('i', 'current_period_start')}, ${time('s', 'current_period_start')})`,
      'Start of the period that is being paid for.',
    ],
    [
      'current_period_end_at',
      `coalesce(${time('i', 'current_period_end')}, ${time('s', 'current_period_end')})`,
      'End of that period.',
    ],
    metadata('i'),
    createdAt('i'),
  ],
  from: `stripe.subscription_items i
  LEFT JOIN stripe.subscriptions s ON ${together('s', 'i')} AND s.id = i.parent
  ${ITEM_VALUE}
 WHERE i.deleted_at IS NULL`,
};

const SUBSCRIPTIONS: SqlView = {
  name: 'subscriptions',
  comment: 'Subscriptions, canceled ones too, one row each, with their periods and what they come to in a month.',
  columns: [
    ...key('s', 'subscription'),
    livemode('s'),
    ['customer_id', 's.customer', 'Who pays.'],
    [
      'status',
      's.status',
      'Stripe’s status: active, trialing, past_due, unpaid, paused, incomplete, incomplete_expired, canceled.',
    ],
    ['paused', 's.paused', 'Whether collecting is paused while the status goes on.'],
    [
      'collection_method',
      `coalesce(${text('s', 'collection_method')}, ${text('s', 'billing')})`,
      '“charge_automatically” or “send_invoice”.',
    ],
    ['currency', 'coalesce(s.currency, items.currency)', 'Currency of the amounts, lower case.'],
    ['items', 'items.items::integer', 'How many items it has.'],
    ['quantity', 'items.quantity::bigint', 'The sum of the items’ quantities.'],
    [
      'metered_items',
      'items.metered::integer',
      'How many of them are charged by usage afterwards and count as 0 here.',
    ],
    [
      'unpriced_items',
      'items.unpriced::integer',
      'How many of them have a price whose amount is not known here; they are missing from the monthly values.',
    ],
    [
      'monthly_gross_minor',
      'billing.money(items.gross)',
      'What the items come to in a month before discounts, in minor units, whatever the status; rounded once.',
    ],
    [
      'monthly_minor',
      'billing.money(coalesce(whole.net, items.net))',
      'The same after all discounts that recur, without tax.',
    ],
    [
      'mrr_minor',
      `CASE WHEN ${COUNTED} THEN billing.money(coalesce(whole.net, items.net)) ELSE 0 END`,
      'monthly_minor where it counts as recurring revenue now, else 0.',
    ],
    [
      'not_counted',
      NOT_COUNTED,
      'Why mrr_minor is 0: paused, trialing, canceled, unpaid, incomplete or incomplete_expired. Null where it counts.',
    ],
    [
      'started_at',
      `coalesce(${time('s', 'start_date')}, ${time('s', 'start')}, s.created)`,
      'When it began, which may be before it was created.',
    ],
    ['current_period_start_at', PERIOD_START, 'Start of the period that is being paid for; the latest over the items.'],
    ['current_period_end_at', 's.current_period_end', 'End of that period; the latest over the items.'],
    ['trial_start_at', time('s', 'trial_start'), 'Start of the trial, if there was one.'],
    ['trial_end_at', time('s', 'trial_end'), 'End of the trial.'],
    ['cancel_at', time('s', 'cancel_at'), 'When it is going to end, or ended as planned.'],
    ['cancel_at_period_end', flag('s', 'cancel_at_period_end'), 'Whether it is not going to be renewed.'],
    ['canceled_at', time('s', 'canceled_at'), 'When the cancellation was asked for.'],
    ['ended_at', 's.ended_at', 'When it ended.'],
    [
      'cancellation_reason',
      `s.data #>> '{cancellation_details,reason}'`,
      'Why: cancellation_requested, payment_failed, payment_disputed.',
    ],
    [
      'cancellation_feedback',
      `s.data #>> '{cancellation_details,feedback}'`,
      'What the customer said: too_expensive, unused, …',
    ],
    [
      'default_payment_method_id',
      `coalesce(${ref('s', 'default_payment_method')}, ${ref('s', 'default_source')})`,
      'What it is charged to, where it is not the customer’s default.',
    ],
    ['latest_invoice_id', ref('s', 'latest_invoice'), 'The newest invoice.'],
    ['schedule_id', ref('s', 'schedule'), 'The schedule that it follows.'],
    ['days_until_due', whole('s', 'days_until_due'), 'For invoices that are sent: how long there is to pay.'],
    metadata('s'),
    createdAt('s'),
  ],
  from: `stripe.subscriptions s
  LEFT JOIN LATERAL (
    SELECT count(*) AS items, sum(billing.decimal(i.data->'quantity')) AS quantity, min(CASE WHEN s.currency IS NULL THEN ${PRICE}->>'currency' END) AS currency,
           count(*) FILTER (WHERE terms.metered) AS metered, count(*) FILTER (WHERE value.gross IS NULL) AS unpriced,
           coalesce(sum(value.gross), 0) AS gross, coalesce(sum(coalesce(own.net, value.gross)), 0) AS net,
           max(billing.monthly(1, i."interval", terms.periods)) AS per_month,
           max(${time('i', 'current_period_start')}) AS period_start
      FROM stripe.subscription_items i
      ${ITEM_VALUE}
     WHERE ${together('i', 's')} AND i.parent = s.id AND i.deleted_at IS NULL) AS items ON true
  LEFT JOIN LATERAL (
    SELECT billing.discounted(items.net, d.percent_off, d.amount_off_minor * items.per_month ORDER BY d.position) AS net
      FROM billing.subscription_discounts d
     WHERE ${together('d', 's')} AND d.subscription_id = s.id AND d.subscription_item_id IS NULL AND d.recurs
       AND (s.discounted OR EXISTS (SELECT FROM stripe.customers c WHERE ${together('c', 's')} AND c.id = s.customer AND c.discounted))) AS whole ON true
 WHERE s.deleted_at IS NULL`,
};

/** What customers have agreed to pay. Each stands on those before it. */
export const SUBSCRIPTION_VIEWS: readonly SqlView[] = [SUBSCRIPTION_DISCOUNTS, SUBSCRIPTION_ITEMS, SUBSCRIPTIONS];
