import { EntitySchema, type EntitySchemaColumnOptions, type EntityTarget } from 'typeorm';
import type { Columns, StripeObjectType } from './object-type.js';
import { OBJECT_TYPE_ROWS } from './object-types.js';
import type { StripeModel } from './stripe-model.entity.js';

/** Every type that the mirror knows, in the order in which tables are written. */
export const STRIPE_OBJECT_TYPES: readonly StripeObjectType[] = OBJECT_TYPE_ROWS.map(({ columns, ...row }) => ({
  path: null,
  embedded: [],
  hasCreated: true,
  hasParent: false,
  isTerminal: () => false,
  touches: () => [],
  model: schemaOf(row.table, columns ?? {}, row.hasCreated ?? true) as unknown as EntityTarget<StripeModel>,
  ...row,
}));

const BY_OBJECT = new Map(STRIPE_OBJECT_TYPES.map((type) => [type.object, type]));
const BY_TABLE = new Map(STRIPE_OBJECT_TYPES.map((type) => [type.table, type]));
const OTHER = STRIPE_OBJECT_TYPES[STRIPE_OBJECT_TYPES.length - 1] as StripeObjectType;

/** The row for Stripe's `object` value; an unknown one is kept in `stripe.other_objects`. */
export function typeOfObject(object: unknown): StripeObjectType {
  return (typeof object === 'string' && object !== '' ? BY_OBJECT.get(object) : undefined) ?? OTHER;
}

/** The row for a table's name, or null. */
export function typeOfTable(table: string): StripeObjectType | null {
  return BY_TABLE.get(table) ?? null;
}

/** Position in the order in which tables are written. */
export function writeOrder(type: StripeObjectType): number {
  return STRIPE_OBJECT_TYPES.indexOf(type);
}

/** The table's definition for types that no code works with, from the same parts as the classes'. */
function schemaOf(table: string, columns: Columns, hasCreated: boolean): EntitySchema {
  const generated = Object.entries(columns).map(([name, [type, asExpression]]): [string, EntitySchemaColumnOptions] => [
    camelCase(name),
    { name, type, nullable: true, generatedType: 'STORED', asExpression, insert: false, update: false },
  ]);
  const indexed = Object.entries(columns).filter(([, column]) => column[2] === 'indexed');
  return new EntitySchema({
    name: `stripe.${table}`,
    schema: 'stripe',
    tableName: table,
    columns: {
      workspaceId: { name: 'workspace_id', type: 'text', primary: true },
      account: { type: 'text', primary: true },
      id: { type: 'text', primary: true },
      data: { type: 'jsonb' },
      apiVersion: { name: 'api_version', type: 'text', nullable: true },
      created: { type: 'timestamptz', nullable: true },
      sourceUpdatedAt: { name: 'source_updated_at', type: 'timestamptz' },
      sourceRank: { name: 'source_rank', type: 'integer' },
      sourceEventId: { name: 'source_event_id', type: 'text', nullable: true },
      undecided: { type: 'boolean', default: false },
      deletedAt: { name: 'deleted_at', type: 'timestamptz', nullable: true },
      syncedAt: { name: 'synced_at', type: 'timestamptz', default: () => 'now()' },
      ...Object.fromEntries(generated),
    },
    indices: [
      ...(hasCreated ? [{ name: `${table}_created`, columns: ['workspaceId', 'created', 'id'] }] : []),
      ...indexed.map(([name]) => ({ name: `${table}_${name}`, columns: ['workspaceId', camelCase(name)] })),
    ],
  });
}

function camelCase(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
