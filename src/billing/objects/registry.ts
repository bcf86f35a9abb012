import { EntitySchema, type EntitySchemaColumnOptions } from 'typeorm';
import type { Columns, EmbeddedRule, ListRule, ObjectTypeRow, StripeObjectType } from './object-type.js';
import { list } from './row-parts.js';
import type { StripeModel } from './stripe-model.entity.js';
import { BILLING_TYPES } from './types/billing-types.js';
import { CATALOGUE_TYPES } from './types/catalogue-types.js';
import { CONNECT_TYPES } from './types/connect-types.js';
import { INSTRUMENT_TYPES } from './types/instrument-types.js';
import { PAYMENT_TYPES } from './types/payment-types.js';
import { PLATFORM_TYPES } from './types/platform-types.js';
import { USAGE_TYPES } from './types/usage-types.js';

/** Not a type of Stripe's: every object whose type has no row, so that nothing is lost. */
const OTHER: StripeObjectType = typeOf({
  object: '',
  table: 'other_objects',
  idPrefix: '',
  columns: { object: ['text', `data->>'object'`, 'indexed'] },
});

const ROWS = [
  ...CONNECT_TYPES,
  ...BILLING_TYPES,
  ...CATALOGUE_TYPES,
  ...USAGE_TYPES,
  ...PAYMENT_TYPES,
  ...INSTRUMENT_TYPES,
  ...PLATFORM_TYPES,
].map(typeOf);

/**
 * Every type that the mirror knows, in the order in which tables are written, so that two workers never wait for each
 * other: members of owned lists come last, since only their owners' versions tell whether they are written at all.
 */
export const STRIPE_OBJECT_TYPES: readonly StripeObjectType[] = [
  ...ROWS.filter((type) => !type.hasParent),
  OTHER,
  ...ROWS.filter((type) => type.hasParent),
];

/** Those whose lists are read on every so often. */
export const FOLLOWED_TYPES: readonly StripeObjectType[] = ROWS.filter((type) => type.followed !== null);

const BY_OBJECT = new Map(ROWS.map((type) => [type.object, type]));
const BY_TABLE = new Map(STRIPE_OBJECT_TYPES.map((type) => [type.table, type]));
const OWNERS = new Map(
  STRIPE_OBJECT_TYPES.filter((type) => type.hasParent).map((member) => [
    member,
    STRIPE_OBJECT_TYPES.flatMap((owner) =>
      owner.embedded
        .filter((rule) => rule.owned && rule.objects.includes(member.object))
        .map((rule) => ({ owner, rule })),
    ),
  ]),
);
const WRITE_ORDER = new Map(STRIPE_OBJECT_TYPES.map((type, index) => [type, index]));

/** The row for Stripe's `object` value; an unknown one is kept in `stripe.other_objects`. */
export function typeOfObject(object: unknown): StripeObjectType {
  return (typeof object === 'string' ? BY_OBJECT.get(object) : undefined) ?? OTHER;
}

/** The row for a table's name, or null. */
export function typeOfTable(table: string): StripeObjectType | null {
  return BY_TABLE.get(table) ?? null;
}

/** Whether Stripe answers for an object of the type alone, and not only for what it is part of. */
export function isRetrievable(type: StripeObjectType): boolean {
  return type.paths.length > 0 || type.singlePath !== null;
}

/** The types in whose lists a member of an owned list stands, and by which rule. */
export function ownersOf(member: StripeObjectType): ReadonlyArray<{ owner: StripeObjectType; rule: EmbeddedRule }> {
  return OWNERS.get(member) ?? [];
}

/** Position in the order in which tables are written. */
export function writeOrder(type: StripeObjectType): number {
  return WRITE_ORDER.get(type) ?? STRIPE_OBJECT_TYPES.length;
}

function typeOf({ columns, path, timeless, embedded, ...row }: ObjectTypeRow): StripeObjectType {
  const paths = path === undefined ? [] : [path].flat();
  return {
    paths,
    lists: paths.slice(0, 1).map((own): ListRule => list(own, { byCreated: timeless !== true })),
    includes: [],
    singlePath: null,
    followed: null,
    writes: [],
    identify: ownId,
    reusesIds: row.idPrefix === '' || row.identify !== undefined,
    hasCreated: true,
    hasParent: false,
    platformOnly: false,
    dashboard: null,
    isTerminal: () => false,
    touches: () => [],
    model: schemaOf(row, columns ?? {}),
    ...row,
    embedded: (embedded ?? []).map((rule) => ({ ...rule, objects: [rule.object].flat() })),
  };
}

function ownId(data: Record<string, unknown>): string | null {
  return typeof data.id === 'string' && data.id !== '' ? data.id : null;
}

/** The table's definition for types that no code works with, from the same parts as the classes'. */
function schemaOf({ table, hasCreated, hasParent }: ObjectTypeRow, columns: Columns): EntitySchema<StripeModel> {
  const generated = Object.entries(columns).map(([name, [type, asExpression]]): [string, EntitySchemaColumnOptions] => [
    camelCase(name),
    { name, type, nullable: true, generatedType: 'STORED', asExpression, insert: false, update: false },
  ]);
  const indexed = Object.entries(columns).filter(([, column]) => column[2] === 'indexed');
  return new EntitySchema<StripeModel>({
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
      ...(hasParent ? { parent: { type: 'text', nullable: true } } : {}),
      ...Object.fromEntries(generated),
    },
    indices: [
      ...(hasCreated === false ? [] : [{ name: `${table}_created`, columns: ['workspaceId', 'created', 'id'] }]),
      ...(hasParent ? [{ name: `${table}_parent`, columns: ['workspaceId', 'parent'] }] : []),
      ...indexed.map(([name]) => ({ name: `${table}_${name}`, columns: ['workspaceId', camelCase(name)] })),
    ],
  });
}

function camelCase(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
