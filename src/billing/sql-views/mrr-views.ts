import { scope, together, withTiers, type SqlView, type ViewColumn } from './view.js';

/**
 * The line's own row again. Few lines need more than its columns, and what all lines carry through joins and sorts has to be
 * small.
 */
const AGAIN = `y.workspace_id = l.workspace_id AND y.account = l.account AND y.id = l.id`;

/** A discount for one invoice only does not lower what recurs, so what it took off this line is added again. */
const ONE_OFF_DISCOUNT = `CASE WHEN l.discount_minor = 0 THEN 0 ELSE coalesce((
    SELECT sum(billing.minor(entry->'amount'))
      FROM stripe.invoice_line_items y
      CROSS JOIN LATERAL jsonb_array_elements(CASE jsonb_typeof(y.data->'discount_amounts') WHEN 'array' THEN y.data->'discount_amounts' END) AS entry
      JOIN stripe.discounts d ON ${together('d', 'y')} AND d.id = stripe.ref(entry->'discount')
      LEFT JOIN stripe.coupons k ON ${together('k', 'd')} AND k.id = d.coupon
     WHERE ${AGAIN}
       AND coalesce(d.data #>> '{coupon,duration}', d.data #>> '{source,coupon,duration}', k.data->>'duration') = 'once'), 0) END`;

/** A proration's amount already is for a part of a period; its whole value is the price’s, less the percentages that recur. */
const PRORATED_PERCENT = `coalesce((
    SELECT billing.discounted(1, billing.decimal(terms->'percent_off'), 0 ORDER BY d.id)
      FROM stripe.discounts d
      LEFT JOIN stripe.coupons k ON ${together('k', 'd')} AND k.id = d.coupon
      CROSS JOIN LATERAL (SELECT coalesce(CASE jsonb_typeof(d.data->'coupon') WHEN 'object' THEN d.data->'coupon' END,
                                          CASE jsonb_typeof(d.data #> '{source,coupon}') WHEN 'object' THEN d.data #> '{source,coupon}' END, k.data) AS terms) AS t
     WHERE ${together('d', 'l')} AND d.customer = i.customer AND d.subscription = l.subscription
       AND terms->>'duration' <> 'once' AND stripe.epoch(d.data->'start') <= l.period_start
       AND coalesce(least(stripe.epoch(d.data->'end'), d.deleted_at) > l.period_start, true)), 1)`;

/** What the price says, by whichever of its copies is here: the line's own, its row, or the one in the subscription's item. */
const PRICE = `SELECT coalesce(l."interval", p."interval", o."interval", item."interval") AS period,
    coalesce(l.interval_count, p.interval_count, o.interval_count, item.interval_count, 1)::integer AS periods,
    coalesce(l.usage_type, p.usage_type, o.usage_type, item.usage_type) = 'metered' AS metered,
    l.net_minor + ${ONE_OFF_DISCOUNT} AS net OFFSET 0`;

const ITEM = `SELECT x."interval", x.interval_count, x.usage_type FROM stripe.subscription_items x
   WHERE ${together('x', 'l')} AND x.parent = l.subscription AND x.price = l.price
     AND l."interval" IS NULL AND p."interval" IS NULL AND o."interval" IS NULL LIMIT 1`;

const PRORATED = `SELECT coalesce(billing.decimal(y.data->'quantity'), 1) AS quantity,
      coalesce(stripe.object(y.data->'price'), stripe.object(y.data->'plan'), p.data, o.data,
        (SELECT coalesce(x.data->'price', x.data->'plan') FROM stripe.subscription_items x
          WHERE ${together('x', 'l')} AND x.parent = l.subscription AND x.price = l.price LIMIT 1)) AS price
    FROM stripe.invoice_line_items y
    LEFT JOIN stripe.prices p ON ${together('p', 'y')} AND p.id = y.price
    LEFT JOIN stripe.plans o ON ${together('o', 'y')} AND o.id = y.price
   WHERE ${AGAIN} AND l.proration`;

/** Days of a month on average; only for periods of which no price tells the interval. */
const BY_LENGTH = `price.net * (365.0 / 12 * 86400) / nullif(extract(epoch FROM l.period_end - l.period_start)::numeric, 0)`;

const WITHOUT_TAX = `(l.net_minor + l.discount_minor)::numeric / nullif(l.amount, 0)`;

const MONTHLY = `CASE
    WHEN price.metered THEN 0
    WHEN l.amount = 0 THEN 0
    WHEN l.proration THEN coalesce((
      SELECT sign(l.amount::numeric) * ${WITHOUT_TAX} * ${PRORATED_PERCENT} * billing.monthly(prorated.amount, price.period, price.periods)
        FROM (SELECT billing.price_amount(${withTiers('own.price', 'l.price', 'l')}, own.quantity) AS amount FROM (${PRORATED}) AS own OFFSET 0) AS prorated
       WHERE prorated.amount IS NOT NULL), ${BY_LENGTH})
    WHEN price.period IS NULL THEN ${BY_LENGTH}
    ELSE billing.monthly(price.net, price.period, price.periods) END`;

const CURRENCY: ViewColumn = [
  'currency',
  'm.currency',
  'Currency of the amounts, lower case; currencies are never added up.',
];
const MONTH: ViewColumn = ['month', 'm.month', 'First day of the calendar month, in UTC.'];

const RECURRING_LINES: SqlView = {
  name: 'recurring_lines',
  comment:
    'Lines of invoices that are for a time of a subscription, each with what it adds to the monthly recurring revenue of every moment of that time. mrr_by_customer sums them.',
  columns: [
    ...scope('l'),
    ['id', 'l.id', 'The line’s id.'],
    ['invoice_id', 'l.parent', 'The invoice.'],
    ['customer_id', 'i.customer', 'Who pays.'],
    ['subscription_id', 'l.subscription', 'The subscription.'],
    ['price_id', 'l.price', 'The price, or the plan of older days.'],
    ['currency', 'l.currency', 'Currency of monthly_amount, lower case.'],
    ['starts_at', 'l.period_start', 'From when it counts: the start of the line’s period.'],
    [
      'ends_at',
      'least(l.period_end, s.ended_at)',
      'Until when it counts: the period’s end, or the subscription’s when that came first.',
    ],
    [
      'proration',
      'l.proration',
      'Whether it settles a change in the middle of a period. Those that credit the old price count negative.',
    ],
    [
      'monthly_amount',
      'value.monthly',
      'What it adds in a month, in minor units and not yet rounded: after discounts that recur, without tax, usage as 0.',
    ],
  ],
  from: `stripe.invoice_line_items l
  JOIN stripe.invoices i ON ${together('i', 'l')} AND i.id = l.parent AND i.deleted_at IS NULL
   AND (i.status IN ('open', 'paid') OR (i.status = 'draft' AND i.data->>'auto_advance' IS DISTINCT FROM 'false'))
  LEFT JOIN stripe.subscriptions s ON ${together('s', 'l')} AND s.id = l.subscription
  LEFT JOIN stripe.prices p ON ${together('p', 'l')} AND p.id = l.price
  LEFT JOIN stripe.plans o ON ${together('o', 'l')} AND o.id = l.price
  LEFT JOIN LATERAL (${ITEM}) AS item ON true
  CROSS JOIN LATERAL (${PRICE}) AS price
  CROSS JOIN LATERAL (SELECT ${MONTHLY} AS monthly OFFSET 0) AS value
 WHERE l.deleted_at IS NULL AND l.subscription IS NOT NULL AND (l.recurring OR l.proration)
   AND s.status IS DISTINCT FROM 'incomplete' AND s.status IS DISTINCT FROM 'incomplete_expired'`,
};

const utc = (moment: string): string => `date_trunc('month', ${moment} AT TIME ZONE 'UTC')`;

/** The last month at whose end, or now, the line still counts. */
const LAST_MONTH = `CASE WHEN r.ends_at >= now() THEN ${utc('now()')} ELSE ${utc('r.ends_at')} - interval '1 month' END`;

const MRR_BY_CUSTOMER: SqlView = {
  name: 'mrr_by_customer',
  comment:
    'What every customer pays in a month at the month’s end (the running month: now), for months in which that is more than nothing. Derived from the periods of invoice lines.',
  columns: [
    ...scope('m'),
    ['customer_id', 'm.customer_id', 'Who pays.'],
    CURRENCY,
    MONTH,
    ['mrr_minor', 'm.mrr', 'The customer’s monthly recurring revenue in minor units, rounded once.'],
  ],
  from: `(
  SELECT r.workspace_id, r.account, r.customer_id, r.currency, month::date AS month, billing.money(sum(r.monthly_amount)) AS mrr
    FROM billing.recurring_lines r
    CROSS JOIN LATERAL generate_series(${utc('r.starts_at')}, ${LAST_MONTH}, interval '1 month') AS month
   WHERE r.starts_at < now()
   GROUP BY r.workspace_id, r.account, r.customer_id, r.currency, month) AS m
 WHERE m.mrr > 0`,
};

const MRR_MOVEMENTS: SqlView = {
  name: 'mrr_movements',
  comment:
    'How every customer’s monthly recurring revenue changed from one month’s end to the next, one row per change.',
  columns: [
    ...scope('m'),
    ['customer_id', 'm.customer_id', 'Whose revenue changed.'],
    CURRENCY,
    MONTH,
    [
      'movement',
      'm.movement',
      'new, expansion, contraction, churn, or reactivation (back after at least one month’s end without).',
    ],
    ['amount_minor', 'm.amount', 'By how much, in minor units: negative for contraction and churn.'],
  ],
  from: `(
  SELECT steps.workspace_id, steps.account, steps.customer_id, steps.currency, changed.*
    FROM (
      SELECT b.*, lag(b.month) OVER own AS month_before, lag(b.mrr_minor) OVER own AS mrr_before, lead(b.month) OVER own AS month_after
        FROM billing.mrr_by_customer b
      WINDOW own AS (PARTITION BY b.workspace_id, b.account, b.customer_id, b.currency ORDER BY b.month)) AS steps
    CROSS JOIN LATERAL (
      SELECT month,
             CASE WHEN month_before IS NULL THEN 'new' WHEN month_before < month - interval '1 month' THEN 'reactivation'
                  WHEN mrr_minor > mrr_before THEN 'expansion' ELSE 'contraction' END AS movement,
             mrr_minor - CASE WHEN month_before = month - interval '1 month' THEN mrr_before ELSE 0 END AS amount
       WHERE (month_before = month - interval '1 month' AND mrr_minor = mrr_before) IS NOT TRUE
      UNION ALL
      SELECT (month + interval '1 month')::date, 'churn', -mrr_minor
       WHERE (month_after = month + interval '1 month') IS NOT TRUE AND month + interval '1 month' <= ${utc('now()')}) AS changed) AS m`,
};

const MOVEMENTS = ['new', 'reactivation', 'expansion', 'contraction', 'churn'] as const;

const MRR_BY_MONTH: SqlView = {
  name: 'mrr_by_month',
  comment:
    'Monthly recurring revenue month by month and currency by currency: start, what changed, end. start + new + reactivation + expansion + contraction + churn = end.',
  columns: [
    ...scope('m'),
    CURRENCY,
    MONTH,
    ['start_minor', `(m.running - m.change)::bigint`, 'At the end of the month before.'],
    ['new_minor', 'm.new', 'From customers who never paid regularly before.'],
    ['reactivation_minor', 'm.reactivation', 'From customers who came back.'],
    ['expansion_minor', 'm.expansion', 'From customers who pay more than a month ago.'],
    ['contraction_minor', 'm.contraction', 'From customers who pay less than a month ago; negative.'],
    ['churn_minor', 'm.churn', 'From customers who left; negative.'],
    ['end_minor', 'm.running::bigint', 'At the month’s end; in the running month: now.'],
    ['customers_new', 'm.customers_new', 'How many customers are new or came back.'],
    ['customers_churned', 'm.customers_churned', 'How many left.'],
    ['customers_end', 'm.customers_end::bigint', 'How many pay regularly at the month’s end.'],
  ],
  from: `(
  WITH sums AS (
    SELECT workspace_id, account, currency, month, sum(amount_minor)::bigint AS change,
           ${MOVEMENTS.map((name) => `(sum(amount_minor) FILTER (WHERE movement = '${name}'))::bigint AS ${name}`).join(', ')},
           count(*) FILTER (WHERE movement IN ('new', 'reactivation')) AS customers_new, count(*) FILTER (WHERE movement = 'churn') AS customers_churned
      FROM billing.mrr_movements GROUP BY 1, 2, 3, 4),
  totals AS (
    SELECT s.*, sum(s.change) OVER upto AS running, sum(s.customers_new - s.customers_churned) OVER upto AS customers_end, lead(s.month) OVER upto AS next
      FROM sums s WINDOW upto AS (PARTITION BY workspace_id, account, currency ORDER BY month))
  SELECT t.workspace_id, t.account, t.currency, each::date AS month, t.running, t.customers_end,
         ${['change', ...MOVEMENTS, 'customers_new', 'customers_churned']
           .map((name) => `CASE WHEN each::date = t.month THEN coalesce(t.${name}, 0) ELSE 0 END AS ${name}`)
           .join(', ')}
    FROM totals t
    -- A month in which nothing changed has no row of its own.
    CROSS JOIN LATERAL generate_series(t.month::timestamp, coalesce(t.next - interval '1 month', ${utc('now()')}), interval '1 month') AS each) AS m`,
};

/** Monthly recurring revenue. Each view stands on the one before it. */
export const MRR_VIEWS: readonly SqlView[] = [RECURRING_LINES, MRR_BY_CUSTOMER, MRR_MOVEMENTS, MRR_BY_MONTH];
