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
