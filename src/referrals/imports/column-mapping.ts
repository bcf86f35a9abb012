import { invalidField } from '../../common/errors.js';
import {
  COLUMNS_OF_SOURCES,
  IMPORT_FIELDS,
  NEEDED_FIELDS,
  type ImportKind,
  type ImportSource,
} from './import-fields.js';

export interface MappingTerms {
  kind: ImportKind;
  from?: ImportSource;
  /** `partner_email=Email`: goes before what is known. */
  map: readonly string[];
}

/** Which cell is which field. */
export interface ColumnMapping {
  columns: ReadonlyArray<{ field: string; at: number; column: string }>;
  /** How many cells a line has. */
  width: number;
  /** Columns that nothing is taken from. */
  leftAside: string[];
}

/**
 * Finds the fields of a kind among the columns of a file. Pure. Errors: `unknown_field`, `column_not_found`,
 * `duplicate_column`, `missing_column`, `unknown_column`.
 */
export function mappingOf(header: readonly string[], terms: MappingTerms): ColumnMapping {
  const places = placesOf(header);
  const named = namedColumns(terms);
  const fields: readonly string[] = IMPORT_FIELDS[terms.kind];
  const columns = fields.flatMap((field) => {
    const at = named.has(field)
      ? placeNamed(field, named.get(field) as string, places, header)
      : placeKnown(field, terms, places);
    return at === undefined ? [] : [{ field, at, column: (header[at] ?? '').trim() }];
  });
  requireFields(columns, header, terms);
  const taken = new Set(columns.map(({ at }) => at));
  const leftAside = header.map((column) => column.trim()).filter((column, at) => column !== '' && !taken.has(at));
  const isOurs = terms.from === undefined && terms.map.length === 0;
  if (isOurs && leftAside.length > 0) throw unknownColumn(leftAside[0] as string, terms);
  return { columns, width: header.length, leftAside };
}

/** `Stripe Customer ID` and `stripe_customer_id` are the same column. */
const plain = (name: string): string => name.toLowerCase().replaceAll(/[^a-z0-9]/g, '');

function placesOf(header: readonly string[]): Map<string, number> {
  const places = new Map<string, number>();
  header.forEach((column, at) => {
    const name = plain(column);
    if (name === '') return;
    if (places.has(name)) {
      throw invalidField(
        'file',
        'duplicate_column',
        `the first line names the column ${column.trim()} twice; rename one`,
      );
    }
    places.set(name, at);
  });
  return places;
}

function namedColumns({ kind, map }: MappingTerms): Map<string, string> {
  const fields: readonly string[] = IMPORT_FIELDS[kind];
  return new Map(
    map.map((text) => {
      const at = text.indexOf('=');
      const field = text.slice(0, Math.max(0, at));
      if (fields.includes(field) && at < text.length - 1) return [field, text.slice(at + 1)];
      const says = `map is "${text}"; it takes field=Column, where the fields of ${kind} are ${fields.join(', ')}`;
      throw invalidField('map', 'unknown_field', says);
    }),
  );
}

function placeNamed(
  field: string,
  column: string,
  places: ReadonlyMap<string, number>,
  header: readonly string[],
): number {
  const at = places.get(plain(column));
  if (at !== undefined) return at;
  const says = `map says that ${field} is the column ${column}, which the file does not have; it has ${header.join(', ')}`;
  throw invalidField('map', 'column_not_found', says);
}

function placeKnown(
  field: string,
  { kind, from }: MappingTerms,
  places: ReadonlyMap<string, number>,
): number | undefined {
  const known = from === undefined ? [] : (COLUMNS_OF_SOURCES[from][kind]?.[field] ?? []);
  const found = [field, ...known].find((column) => places.has(plain(column)));
  return found === undefined ? undefined : places.get(plain(found));
}

function requireFields(
  columns: ColumnMapping['columns'],
  header: readonly string[],
  { kind, from }: MappingTerms,
): void {
  const found = new Set(columns.map(({ field }) => field));
  const missing = NEEDED_FIELDS[kind].find((group) => !group.some((field) => found.has(field)));
  if (missing === undefined) return;
  const whose = from === undefined ? '' : ` that is known of ${from}`;
  const says =
    `a file of ${kind} needs ${missing.join(' or ')}, and no column${whose} is one; the file has ` +
    `${header.map((column) => column.trim()).join(', ')}. Say which it is: map ${missing[0]}=<column>`;
  throw invalidField('map', 'missing_column', says);
}

function unknownColumn(column: string, { kind }: MappingTerms) {
  const says =
    `the column ${column} is none of ${kind}: ${IMPORT_FIELDS[kind].join(', ')}; correct or remove it, ` +
    `or say with from or map what the file is`;
  return invalidField('file', 'unknown_column', says);
}
