import { CURRENCY_EXPONENTS } from '../../common/money.js';

/** By how many digits a currency's smallest unit lies behind the decimal point; other than two, by Stripe's list. */
const exponents = [0, 3]
  .map((exponent) => {
    const codes = [...CURRENCY_EXPONENTS].filter(([, of]) => of === exponent).map(([code]) => `'${code}'`);
    return `WHEN lower(currency) IN (${codes.join(', ')}) THEN ${exponent}`;
  })
  .join(' ');

const IMMUTABLE = 'LANGUAGE sql IMMUTABLE PARALLEL SAFE AS';

/** What a tier's price comes to for so many of its units. */
const TIER = `coalesce(billing.decimal(tier->'unit_amount_decimal'), billing.decimal(tier->'unit_amount'), billing.decimal(tier->'amount'), 0) * units
   + CASE WHEN units > 0 OR nth = 1
          THEN coalesce(billing.decimal(tier->'flat_amount_decimal'), billing.decimal(tier->'flat_amount'), 0) ELSE 0 END`;

/** A tier's upper bound, which the last one does not have. Stripe says `inf` where a list of tiers is written, null where it is read. */
const UP_TO = `coalesce(billing.decimal(tier->'up_to'), 'infinity')`;

/**
 * Functions that the views are made of, and that queries may call too. They see only their arguments, so that whoever may
 * read a view can call them.
 */
export const VIEW_FUNCTIONS: readonly string[] = [
  `CREATE OR REPLACE FUNCTION billing.decimal(value jsonb) RETURNS numeric ${IMMUTABLE}
   $$ SELECT stripe.decimal(value) $$`,
  `CREATE OR REPLACE FUNCTION billing.minor(value jsonb) RETURNS bigint ${IMMUTABLE}
   $$ SELECT stripe.whole(value) $$`,
  `CREATE OR REPLACE FUNCTION billing.amounts(entries jsonb) RETURNS bigint ${IMMUTABLE}
   $$ SELECT stripe.amounts(entries) $$`,
  `CREATE OR REPLACE FUNCTION billing.inclusive_tax(line jsonb) RETURNS bigint ${IMMUTABLE}
   $$ SELECT stripe.inclusive_tax(line) $$`,
  `CREATE OR REPLACE FUNCTION billing.exponent(currency text) RETURNS integer ${IMMUTABLE}
   $$ SELECT CASE ${exponents} ELSE 2 END $$`,
  `CREATE OR REPLACE FUNCTION billing.major(amount_minor numeric, currency text) RETURNS numeric ${IMMUTABLE}
   $$ SELECT round(amount_minor / 10::numeric ^ billing.exponent(currency), billing.exponent(currency)) $$`,
  `CREATE OR REPLACE FUNCTION billing.monthly(amount numeric, period text, periods integer) RETURNS numeric ${IMMUTABLE}
   $$ SELECT CASE period WHEN 'month' THEN amount / periods
                         WHEN 'year' THEN amount / (12 * periods)
                         WHEN 'week' THEN amount * 365 / (84 * periods)
                         WHEN 'day' THEN amount * 365 / (12 * periods) END $$`,
  `CREATE OR REPLACE FUNCTION billing.price_period(price jsonb) RETURNS text ${IMMUTABLE}
   $$ SELECT coalesce(price #>> '{recurring,interval}', price->>'interval') $$`,
  `CREATE OR REPLACE FUNCTION billing.price_periods(price jsonb) RETURNS integer ${IMMUTABLE}
   $$ SELECT coalesce(billing.minor(price #> '{recurring,interval_count}'), billing.minor(price->'interval_count'), 1)::integer $$`,
  `CREATE OR REPLACE FUNCTION billing.price_is_metered(price jsonb) RETURNS boolean ${IMMUTABLE}
   $$ SELECT coalesce(price #>> '{recurring,usage_type}', price->>'usage_type', 'licensed') = 'metered' $$`,
  `CREATE OR REPLACE FUNCTION billing.price_unit_amount(price jsonb) RETURNS numeric ${IMMUTABLE}
   $$ SELECT coalesce(billing.decimal(price->'unit_amount_decimal'), billing.decimal(price->'unit_amount'),
                      billing.decimal(price->'amount_decimal'), billing.decimal(price->'amount')) $$`,
  `CREATE OR REPLACE FUNCTION billing.tiered_amount(tiers jsonb, mode text, quantity numeric) RETURNS numeric ${IMMUTABLE}
   $$ WITH bounds AS (
        SELECT tier, nth, ${UP_TO} AS up_to, coalesce(lag(${UP_TO}) OVER (ORDER BY nth), 0) AS above
          FROM jsonb_array_elements(tiers) WITH ORDINALITY AS listed (tier, nth))
      SELECT CASE mode
        WHEN 'volume' THEN (SELECT ${TIER.replaceAll('units', 'quantity').replaceAll('nth = 1', 'true')} FROM bounds WHERE quantity <= up_to ORDER BY nth LIMIT 1)
        WHEN 'graduated' THEN (SELECT sum(${TIER}) FROM (
          SELECT tier, nth, greatest(0, least(quantity, up_to) - above) AS units FROM bounds) AS used)
        END $$`,
  `CREATE OR REPLACE FUNCTION billing.packages(transform jsonb, quantity numeric) RETURNS numeric ${IMMUTABLE}
   $$ SELECT CASE WHEN jsonb_typeof(transform) IS DISTINCT FROM 'object' THEN quantity
                  WHEN transform->>'round' = 'up' THEN ceil(quantity / billing.decimal(transform->'divide_by'))
                  ELSE floor(quantity / billing.decimal(transform->'divide_by')) END $$`,
  `CREATE OR REPLACE FUNCTION billing.price_amount(price jsonb, quantity numeric) RETURNS numeric ${IMMUTABLE}
   $$ SELECT CASE WHEN price->>'billing_scheme' = 'tiered'
                  THEN CASE jsonb_typeof(price->'tiers') WHEN 'array' THEN billing.tiered_amount(price->'tiers', price->>'tiers_mode', quantity) END
                  ELSE billing.price_unit_amount(price) * billing.packages(coalesce(price->'transform_quantity', price->'transform_usage'), quantity) END $$`,
  `CREATE OR REPLACE FUNCTION billing.discount_refs(data jsonb) RETURNS TABLE (discount jsonb, nth bigint) ${IMMUTABLE}
   $$ SELECT * FROM jsonb_array_elements(
        CASE WHEN jsonb_typeof(data->'discounts') = 'array' AND data->'discounts' <> '[]' THEN data->'discounts'
             WHEN jsonb_typeof(data->'discount') = 'object' THEN jsonb_build_array(data->'discount') ELSE '[]' END) WITH ORDINALITY $$`,
  `CREATE OR REPLACE FUNCTION billing.take_off(state numeric, base numeric, percent numeric, amount numeric) RETURNS numeric ${IMMUTABLE}
   $$ SELECT greatest(0, coalesce(state, base) * (1 - coalesce(percent, 0) / 100) - coalesce(amount, 0)) $$`,
  `CREATE OR REPLACE AGGREGATE billing.discounted(base numeric, percent numeric, amount numeric)
     (SFUNC = billing.take_off, STYPE = numeric, PARALLEL = SAFE)`,
  `CREATE OR REPLACE FUNCTION billing.money(amount numeric) RETURNS bigint ${IMMUTABLE}
   $$ SELECT round(round(amount, 8))::bigint $$`,
];
