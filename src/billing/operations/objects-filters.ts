import type { DataSource } from 'typeorm';
import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { parseInstant } from '../../common/dto-decorators.js';
import { invalidField, type DomainError } from '../../common/errors.js';
import type { StripeObjectType } from '../objects/object-type.js';
import { STRIPE_OBJECT_TYPES } from '../objects/registry.js';

export type FilterOperator = '=' | '>=' | '>' | '<=' | '<';

export interface ObjectFilter {
  /** As the request names it: `customer`, `createdGte`. */
  name: string;
  column: string;
  operator: FilterOperator;
  value: string | boolean | Date;
}

/** As they end a filter's name; an order has only what can be counted or dated. */
const OPERATORS: Readonly<Record<string, FilterOperator>> = { Gte: '>=', Gt: '>', Lte: '<=', Lt: '<' };
const RANGED = new Set(['timestamptz', 'bigint', 'numeric']);
/** Besides what is computed from the object: when it was made, and the object whose list contains it. */
const PLAIN_COLUMNS = new Set(['created', 'parent']);
const TEXT_CHARS_MAX = 512;

/**
 * The filters that a request names, as comparisons with the type's columns. Errors: `unknown_filter` where other types have
 * the column, `unknown_field` where none has, `invalid_field` for a value that is not of the column's type.
 */
export function filtersOf(
  db: DataSource,
  type: StripeObjectType,
  asked: Readonly<Record<string, unknown>>,
): ObjectFilter[] {
  const columns = filterableOf(db, type);
  return Object.entries(asked).flatMap(([name, value]): ObjectFilter[] => {
    if (value === undefined) return [];
    const found = findColumn(columns, name);
    if (found === null) throw unknown(db, type, name, [...columns.keys()]);
    const { column, operator } = found;
    return [{ name, column: column.databaseName, operator, value: valueOf(name, String(column.type), value) }];
  });
}

/** The columns that a list of the type can be filtered by, as requests name them. Sorted. */
export function filterNamesOf(db: DataSource, type: StripeObjectType): string[] {
  return [...filterableOf(db, type).keys()].sort();
}

function filterableOf(db: DataSource, type: StripeObjectType): ReadonlyMap<string, ColumnMetadata> {
  const columns = db
    .getMetadata(type.model)
    .columns.filter(
      (column) =>
        column.generatedType === 'STORED' || (PLAIN_COLUMNS.has(column.propertyName) && isFilled(type, column)),
    );
  return new Map(columns.map((column) => [column.propertyName, column]));
}

function isFilled(type: StripeObjectType, column: ColumnMetadata): boolean {
  return column.propertyName === 'created' ? type.hasCreated : true;
}

function findColumn(
  columns: ReadonlyMap<string, ColumnMetadata>,
  name: string,
): { column: ColumnMetadata; operator: FilterOperator } | null {
  const exact = columns.get(name);
  if (exact !== undefined) return { column: exact, operator: '=' };
  const [, start = '', end = ''] = /^(\w+?)(Gte|Gt|Lte|Lt)$/.exec(name) ?? [];
  const column = columns.get(start);
  const operator = OPERATORS[end];
  return column === undefined || operator === undefined || !RANGED.has(String(column.type))
    ? null
    : { column, operator };
}

function valueOf(name: string, type: string, value: unknown): string | boolean | Date {
  if (typeof value !== 'string' || value === '' || value.length > TEXT_CHARS_MAX || value.includes('\u0000'))
    throw invalidField(name, 'invalid_field', `${name} must be one text of 1 to ${TEXT_CHARS_MAX} characters`);
  if (type === 'timestamptz') {
    const instant = parseInstant(value);
    if (instant !== null) return instant;
    throw invalidField(name, 'invalid_field', `${name} must be an instant such as "2026-01-31T12:00:00Z"`);
  }
  if (type === 'boolean') {
    if (value === 'true' || value === 'false') return value === 'true';
    throw invalidField(name, 'invalid_field', `${name} must be true or false`);
  }
  if (type === 'bigint' && !/^-?\d{1,18}$/.test(value))
    throw invalidField(name, 'invalid_field', `${name} must be a whole number`);
  if (type === 'numeric' && !/^-?\d{1,18}(\.\d{1,12})?$/.test(value))
    throw invalidField(name, 'invalid_field', `${name} must be a number such as 12 or 12.5`);
  return value;
}

function unknown(db: DataSource, type: StripeObjectType, name: string, known: readonly string[]): DomainError {
  const isElsewhere = STRIPE_OBJECT_TYPES.some((other) => findColumn(filterableOf(db, other), name) !== null);
  const fitting = `${type.table} can be filtered by ${[...known].sort().join(', ')}`;
  return isElsewhere
    ? invalidField(name, 'unknown_filter', `${type.table} cannot be filtered by ${name}; remove it: ${fitting}`)
    : invalidField(name, 'unknown_field', `${name} is not a field of this request; ${fitting}`);
}
