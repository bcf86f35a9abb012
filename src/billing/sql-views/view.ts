/** One column of a view: its name, the expression that makes it, and what `COMMENT ON` says of it. */
export type ViewColumn = readonly [name: string, expression: string, comment: string];

/** A view of schema `billing`. Its definition and every word that describes it stand in one place. */
export interface SqlView {
  name: string;
  comment: string;
  columns: readonly ViewColumn[];
  /** All that follows `FROM`. */
  from: string;
}

export function viewSql({ name, columns, from }: SqlView): string {
  const list = columns.map(([column, expression]) => `${expression} AS "${column}"`).join(',\n  ');
  return `CREATE OR REPLACE VIEW billing.${name} AS SELECT\n  ${list}\nFROM ${from}`;
}

export function commentsSql({ name, comment, columns }: SqlView): string[] {
  return [
    `COMMENT ON VIEW billing.${name} IS ${quoted(comment)}`,
    ...columns.map(([column, , text]) => `COMMENT ON COLUMN billing.${name}."${column}" IS ${quoted(text)}`),
  ];
}

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** The words that most views are made of; `row` is the alias of a mirror table. */

export function scope(row: string): ViewColumn[] {
  return [
    ['workspace_id', `${row}.workspace_id`, 'The workspace. Live and test mode are different workspaces.'],
    ['account', `${row}.account`, 'The connected account that owns the object; empty for the workspace’s own.'],
  ];
}

export function key(row: string, what: string): ViewColumn[] {
  return [...scope(row), ['id', `${row}.id`, `Stripe’s id of the ${what}; unique within workspace and account.`]];
}

export function livemode(row: string): ViewColumn {
  return ['livemode', flag(row, 'livemode'), 'Whether real money is meant. Null where Stripe does not say.'];
}

export function metadata(row: string): ViewColumn {
  return ['metadata', `${row}.data->'metadata'`, 'Your own keys and values, as Stripe keeps them.'];
}

export function createdAt(row: string): ViewColumn {
  return ['created_at', `${row}.created`, 'When the object was created at Stripe.'];
}

export const text = (row: string, field: string): string => `${row}.data->>'${field}'`;
export const ref = (row: string, field: string): string => `stripe.ref(${row}.data->'${field}')`;
export const flag = (row: string, field: string): string => `stripe.flag(${row}.data->'${field}')`;
export const time = (row: string, field: string): string => `stripe.epoch(${row}.data->'${field}')`;
export const minor = (row: string, field: string): string => `billing.minor(${row}.data->'${field}')`;
export const whole = (row: string, field: string): string => `billing.minor(${row}.data->'${field}')::integer`;

/**
 * A price's object with its tiers, which webhooks leave out of it: they are rows of their own, and stand in the price's only
 * when some other shape of it showed them. `row` has the workspace and the account.
 */
export const withTiers = (price: string, id: string, row: string): string =>
  `CASE WHEN ${price}->>'billing_scheme' = 'tiered' AND jsonb_typeof(${price}->'tiers') IS DISTINCT FROM 'array'
    THEN coalesce((SELECT ${price} || jsonb_build_object('tiers', held.data->'tiers') FROM stripe.price_tiers held WHERE ${together('held', row)} AND held.id = ${id}),
                  (SELECT held.data FROM stripe.prices held WHERE ${together('held', row)} AND held.id = ${id} AND jsonb_typeof(held.data->'tiers') = 'array'),
                  (SELECT held.data FROM stripe.plans held WHERE ${together('held', row)} AND held.id = ${id} AND jsonb_typeof(held.data->'tiers') = 'array'),
                  ${price})
    ELSE ${price} END`;

/** The condition that two rows belong to the same workspace and account. */
export const together = (row: string, other: string): string =>
  `${row}.workspace_id = ${other}.workspace_id AND ${row}.account = ${other}.account`;
