/**
 * How often an object is charged that contains its price, or the plan of older days, and whether for usage. Newer lines of
 * invoices only name their price and have none of these.
 */
export const OWN_INTERVAL = `coalesce(data#>>'{price,recurring,interval}', data#>>'{plan,interval}')`;
export const OWN_INTERVAL_COUNT = `coalesce(stripe.whole(data#>'{price,recurring,interval_count}'), stripe.whole(data#>'{plan,interval_count}'))`;
export const OWN_USAGE_TYPE = `coalesce(data#>>'{price,recurring,usage_type}', data#>>'{plan,usage_type}')`;
