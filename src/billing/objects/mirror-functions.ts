/**
 * The functions that generated columns call. Immutable, and qualified by their schema so that a restored dump finds them.
 * PostgreSQL does not compute stored columns anew when a function changes: a new reading of a field gets a new name, which
 * changes the columns' expressions and so has them rewritten.
 */
export const MIRROR_FUNCTIONS: readonly string[] = [
  `CREATE OR REPLACE FUNCTION stripe.ref(value jsonb) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
   $$ SELECT CASE jsonb_typeof(value) WHEN 'string' THEN value #>> '{}' WHEN 'object' THEN value->>'id' END $$`,
  `CREATE OR REPLACE FUNCTION stripe.epoch(value jsonb) RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
   $$ SELECT CASE jsonb_typeof(value) WHEN 'number' THEN to_timestamp((value #>> '{}')::double precision) END $$`,
  `CREATE OR REPLACE FUNCTION stripe.flag(value jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
   $$ SELECT CASE jsonb_typeof(value) WHEN 'boolean' THEN (value #>> '{}')::boolean END $$`,
  `CREATE OR REPLACE FUNCTION stripe.whole(value jsonb) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
   $$ SELECT CASE jsonb_typeof(value) WHEN 'number' THEN value::bigint END $$`,
  `CREATE OR REPLACE FUNCTION stripe.object(value jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
   $$ SELECT CASE jsonb_typeof(value) WHEN 'object' THEN value END $$`,
  `CREATE OR REPLACE FUNCTION stripe.decimal(value jsonb) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
   $$ SELECT CASE jsonb_typeof(value)
        WHEN 'number' THEN value::numeric
        WHEN 'string' THEN CASE WHEN value #>> '{}' ~ '^-?[0-9]+([.][0-9]+)?$' THEN (value #>> '{}')::numeric END END $$`,
  // Most lists are empty. What follows is folded into the query and asks the slower functions only for the others.
  `CREATE OR REPLACE FUNCTION stripe.sum_of_amounts(entries jsonb) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
   $$ SELECT sum(stripe.whole(entry->'amount'))::bigint FROM jsonb_array_elements(entries) AS entry $$`,
  `CREATE OR REPLACE FUNCTION stripe.amounts(entries jsonb) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
   $$ SELECT CASE WHEN entries = '[]' THEN 0 WHEN jsonb_typeof(entries) = 'array' THEN stripe.sum_of_amounts(entries) END $$`,
  `CREATE OR REPLACE FUNCTION stripe.sum_of_inclusive_taxes(taxes jsonb) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
   $$ SELECT coalesce(sum(stripe.whole(tax->'amount')), 0)::bigint FROM jsonb_array_elements(taxes) AS tax
       WHERE tax->>'tax_behavior' = 'inclusive' OR tax->>'inclusive' = 'true' $$`,
  `CREATE OR REPLACE FUNCTION stripe.inclusive_tax(line jsonb) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
   $$ SELECT CASE WHEN jsonb_typeof(line->'taxes') = 'array' AND line->'taxes' <> '[]' THEN stripe.sum_of_inclusive_taxes(line->'taxes')
                  WHEN jsonb_typeof(line->'tax_amounts') = 'array' AND line->'tax_amounts' <> '[]' THEN stripe.sum_of_inclusive_taxes(line->'tax_amounts')
                  ELSE 0 END $$`,
  `CREATE OR REPLACE FUNCTION stripe.unit_amount(price jsonb) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
   $$ SELECT CASE WHEN (price->>'billing_scheme' = 'tiered') IS NOT TRUE
                   AND jsonb_typeof(coalesce(price->'transform_quantity', price->'transform_usage')) IS DISTINCT FROM 'object'
              THEN coalesce(stripe.decimal(price->'unit_amount_decimal'), stripe.decimal(price->'unit_amount'),
                            stripe.decimal(price->'amount_decimal'), stripe.decimal(price->'amount')) END $$`,
  `CREATE OR REPLACE FUNCTION stripe.has_discounts(data jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
   $$ SELECT coalesce(jsonb_typeof(data->'discounts') = 'array' AND data->'discounts' <> '[]', false)
          OR coalesce(jsonb_typeof(data->'discount') = 'object', false) $$`,
  `CREATE OR REPLACE FUNCTION stripe.items_period_end(data jsonb) RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
   $$ SELECT max(stripe.epoch(item->'current_period_end'))
        FROM jsonb_array_elements(CASE jsonb_typeof(data#>'{items,data}') WHEN 'array' THEN data#>'{items,data}' ELSE '[]' END) AS item $$`,
  `CREATE OR REPLACE FUNCTION stripe.invoice_status_2018(data jsonb) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
   $$ SELECT CASE WHEN data->>'paid' = 'true' THEN 'paid'
                  WHEN data->>'forgiven' = 'true' THEN 'uncollectible'
                  WHEN data->>'closed' = 'true' THEN 'void'
                  WHEN data ? 'closed' THEN 'open' END $$`,
  `CREATE OR REPLACE FUNCTION stripe.invoice_paid_at(data jsonb) RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
   $$ SELECT coalesce(
        stripe.epoch(data#>'{status_transitions,paid_at}'),
        CASE WHEN data->>'paid' = 'true' AND data->'status_transitions' IS NULL
             THEN stripe.epoch(coalesce(data->'finalized_at', data->'webhooks_delivered_at', data->'date', data->'created')) END) $$`,
  `CREATE OR REPLACE FUNCTION stripe.line_subscription(data jsonb) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
   $$ SELECT coalesce(
        stripe.ref(data->'subscription'),
        stripe.ref(data#>'{parent,subscription_item_details,subscription}'),
        stripe.ref(data#>'{parent,invoice_item_details,subscription}'),
        CASE WHEN data->>'type' = 'subscription' AND data->>'id' LIKE 'sub\\_%' THEN data->>'id' END) $$`,
  `CREATE OR REPLACE FUNCTION stripe.line_price(data jsonb) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
   $$ SELECT coalesce(stripe.ref(data#>'{pricing,price_details,price}'), stripe.ref(data->'price'), stripe.ref(data->'plan')) $$`,
  `CREATE OR REPLACE FUNCTION stripe.line_product(data jsonb) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
   $$ SELECT coalesce(
        stripe.ref(data#>'{pricing,price_details,product}'),
        stripe.ref(data#>'{price,product}'),
        stripe.ref(data#>'{plan,product}')) $$`,
  `CREATE OR REPLACE FUNCTION stripe.discount_coupon(data jsonb) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
   $$ SELECT coalesce(stripe.ref(data->'coupon'), stripe.ref(data#>'{source,coupon}')) $$`,
  `CREATE OR REPLACE FUNCTION stripe.subscription_period_start(data jsonb) RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
   $$ SELECT coalesce(stripe.epoch(data->'current_period_start'), (
        SELECT min(stripe.epoch(item->'current_period_start'))
          FROM jsonb_array_elements(CASE jsonb_typeof(data#>'{items,data}') WHEN 'array' THEN data#>'{items,data}' ELSE '[]' END) AS item)) $$`,
  `CREATE OR REPLACE FUNCTION stripe.subscription_period_end(data jsonb) RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
   $$ SELECT coalesce(stripe.epoch(data->'current_period_end'), stripe.items_period_end(data)) $$`,
];
