import { invalidRequest, noSuch } from '../../core/errors.js';
import { stripeId } from '../../core/ids.js';
import { asRow, kindOf, linksOf, maybeObject, setLinks, voiceOf, type StripeObject } from '../../core/objects.js';
import { previousAttributes } from '../../core/previous-attributes.js';
import { PLATFORM, type Scope } from '../../core/scope.js';
import { eventType, hasField } from '../../core/types/names.js';
import type { StoredType } from '../../core/types/stored-type.js';
import { accountOf } from '../../http/authentication.js';
import { newestFirst, page, paging, storedPage } from '../../http/listing.js';
import { mergeMetadata, type Range } from '../../http/params.js';
import { route, type Route } from '../../http/router.js';
import { shapeOf, wordsOf } from './row-language.js';
import { filterOf } from './stored-filters.js';

type Sent = Record<string, unknown>;
type Matches = (scope: Scope, row: StripeObject, sent: Sent, parent: string) => boolean;

/** Parameters that name an object, which must be there. */
const REFERENCES: Record<string, string> = {
  cardholder: 'issuing.cardholder',
  customer: 'customer',
  entitlement_feature: 'entitlements.feature',
  file: 'file',
  financial_account: 'treasury.financial_account',
  value_list: 'radar.value_list',
};
/** References that Stripe answers with the object itself. */
const EMBEDDED = ['entitlement_feature'];

type Rows = [StoredType, ...StoredType[]];

/** The routes of the table's rows; rows that share a path share its routes. */
export function storedRoutes(types: readonly StoredType[]): Route[] {
  const lists = types.flatMap((row) => (row.list === undefined ? [] : [{ path: row.list, row }]));
  const items = types.flatMap((row) => itemPaths(row).map((path) => ({ path, row })));
  return [
    ...byPath(lists).flatMap(([path, rows]) => [listRoute(path, rows), ...createRoutes(path, rows)]),
    ...byPath(items).flatMap(([path, rows]) => itemRoutes(path, rows)),
  ];
}

function byPath(pairs: { path: string; row: StoredType }[]): [string, Rows][] {
  const grouped = new Map<string, Rows>();
  for (const { path, row } of pairs) {
    const known = grouped.get(path);
    if (known) known.push(row);
    else grouped.set(path, [row]);
  }
  return [...grouped];
}

const isNested = (row: StoredType): boolean => row.list?.includes('/:id/') ?? false;

function itemPaths(row: StoredType): string[] {
  if (row.retrieve === false) return [];
  const listed = row.list === undefined ? [] : [`${row.list}/${isNested(row) ? ':second' : ':id'}`];
  return row.retrieve === undefined ? listed : [...listed, row.retrieve];
}

function itemRoutes(path: string, rows: Rows): Route[] {
  const [row] = rows;
  const find = hasField(row.object, 'id') ? oneOf(rows, path) : singleton(row);
  const rowOf = ({ object }: StripeObject): StoredType => rows.find((one) => one.object === object) ?? row;
  const routes = [route('GET', path, {}, (scope, _sent, id, second) => shown(find(scope, id, second).object))];
  const words = rows.find(({ update }) => update !== undefined)?.update;
  if (words !== undefined) routes.push(updateRoute(path, words, find, rowOf));
  if (rows.some((one) => one.delete)) {
    const remove = route('DELETE', path, {}, (scope, _sent, id, second) => {
      const { home, object } = find(scope, id, second);
      const gone = home.remove(kindOf(object.object), asRow(object));
      tell(home, rowOf(object), object, 'deleted');
      return gone;
    });
    routes.push(remove);
  }
  return routes;
}

interface Found {
  home: Scope;
  object: StripeObject;
}
type Find = (scope: Scope, id: string, second: string) => Found;

/** Where the objects of a list live. What is under `/v1/accounts/:id` the platform keeps, for the account. */
function homeOf(scope: Scope, { parent }: StoredType, id: string): Scope {
  if (!parent) return scope;
  if (parent.object === 'account') {
    accountOf({ 'stripe-account': id }, scope.world);
    return scope.in(PLATFORM);
  }
  if (!maybeObject(scope, parent.object, id)) throw noSuch(parent.object, id);
  return scope;
}

function belongs(scope: Scope, { parent }: StoredType, row: StripeObject, id: string): boolean {
  if (!parent?.field) return true;
  return (row[parent.field] ?? linksOf(scope, row.object, row.id)[parent.field]) === id;
}

function matcher(row: StoredType): Matches {
  const filters = wordsOf(row.filters, 'filter').map((word) => ({ name: word.name, fits: filterOf(row.object, word) }));
  return (scope, object, sent, parent) =>
    belongs(scope, row, object, parent) &&
    filters.every(({ name, fits }) =>
      // `created` is the list's own affair.
      name === 'created' ? true : fits(object, sent[name], () => linksOf(scope, object.object, object.id)),
    );
}

function listRoute(path: string, rows: Rows): Route {
  const [first, ...others] = rows;
  const matchers = rows.map((row) => ({ kind: kindOf(row.object), matches: matcher(row) }));
  const shape = { ...paging, ...shapeOf(wordsOf(first.filters, 'filter')) };
  return route('GET', path, shape, (scope, params, id) => {
    const sent: Sent = params;
    const home = homeOf(scope, first, id);
    const url = path.replace(':id', id);
    const fits = (matches: Matches) => (row: unknown) => matches(home, row as StripeObject, sent, id);
    if (others.length === 0) {
      const created = sent.created as Range | undefined;
      const matches = fits((matchers[0] as (typeof matchers)[number]).matches);
      return storedPage(home, kindOf(first.object), params, { url, noun: first.object, created, matches });
    }
    const found = matchers.flatMap(({ kind, matches }) => home.all(kind, fits(matches)) as { id: string }[]);
    return page(newestFirst(found), params, url, first.object);
  });
}

function oneOf(rows: readonly StoredType[], path: string): Find {
  return (scope, id, second) => {
    const nested = path.includes(':second');
    const wanted = nested ? second : id;
    for (const row of rows) {
      const home = nested ? homeOf(scope, row, id) : scope;
      const object = maybeObject(home, row.object, wanted);
      if (object && (!nested || belongs(home, row, object, id))) return { home, object };
    }
    throw noSuch(rows[0]?.object ?? 'object', wanted);
  };
}

/** What exists once for an account or a customer is there from the beginning. */
function singleton(row: StoredType): Find {
  return (scope, id) => {
    const home = homeOf(scope, row, id);
    const key = row.parent ? id : row.object;
    const owner = row.parent?.field ? { [row.parent.field]: id } : {};
    const object = maybeObject(home, row.object, key) ?? { ...fresh(home, row, key), ...owner };
    return { home, object };
  };
}

function fresh(scope: Scope, row: StoredType, id: string): StripeObject {
  return {
    id,
    object: row.object,
    ...(hasField(row.object, 'created') && { created: scope.now }),
    ...(hasField(row.object, 'livemode') && { livemode: false }),
    ...row.starts,
  };
}

function createRoutes(path: string, rows: Rows): Route[] {
  return rows.filter(({ create }) => create !== undefined).map((row) => createRoute(path, row));
}

function createRoute(path: string, row: StoredType): Route {
  return route('POST', path, shapeOf(wordsOf(row.create, 'write')), (scope, params, parent) => {
    const { id, ...sent } = fieldsOf(scope, params as Sent, {});
    const home = homeOf(scope, row, parent);
    if (typeof id === 'string' && maybeObject(home, row.object, id)) {
      throw invalidRequest(`${row.object} already exists.`, { code: 'resource_already_exists', param: 'id' });
    }
    const object = { ...fresh(home, row, typeof id === 'string' ? id : stripeId(row.prefix ?? row.object)), ...sent };
    const field = row.parent?.field;
    if (field && row.parent?.hidden) setLinks(home, object.object, object.id, { [field]: parent });
    else if (field) object[field] = parent;
    if (row.object === 'tax_id') ownTaxId(object);
    home.insert(kindOf(row.object), asRow(object));
    tell(home, row, object, 'created');
    return object;
  });
}

/** Whose it is stands in it twice; its country begins its value or its type. */
function ownTaxId(object: StripeObject): void {
  const { customer, type, value, owner } = object;
  if (typeof customer === 'string') object.owner = { type: 'customer', customer };
  else object.customer = (owner as { customer?: string } | undefined)?.customer ?? null;
  const named = String(type).startsWith('eu_') ? String(value) : String(type);
  object.country = named.slice(0, 2).toUpperCase();
}

function updateRoute(path: string, words: string, find: Find, rowOf: (object: StripeObject) => StoredType): Route {
  return route('POST', path, shapeOf(wordsOf(words, 'write')), (scope, params, id, second) => {
    const { home, object } = find(scope, id, second);
    const sent = fieldsOf(home, params as Sent, (object.metadata ?? {}) as Record<string, string>);
    const patch = Object.fromEntries(
      Object.entries(sent).map(([name, value]) => [name, over(name, object[name], value)]),
    );
    const changed = home.update(kindOf(object.object), asRow(object), patch) as unknown as StripeObject;
    const previous = previousAttributes(object, changed);
    if (previous) tell(home, rowOf(object), changed, 'updated', previous);
    return shown(changed);
  });
}

/** A part of a hash is changed without the others. Metadata was merged before, key by key. */
function over(name: string, old: unknown, sent: unknown): unknown {
  const isHash = (value: unknown): boolean => typeof value === 'object' && value !== null && !Array.isArray(value);
  return name !== 'metadata' && isHash(old) && isHash(sent) ? { ...(old as object), ...(sent as object) } : sent;
}

/** What was sent, as fields of the object. */
function fieldsOf(scope: Scope, params: Sent, oldMetadata: Record<string, string>): Sent {
  const { metadata, ...fields } = params;
  delete fields.expand;
  for (const [name, kind] of Object.entries(REFERENCES)) {
    const id = fields[name];
    if (typeof id !== 'string') continue;
    const found = maybeObject(scope, kind, id);
    if (!found) throw noSuch(kind, id, name);
    if (EMBEDDED.includes(name)) fields[name] = found;
  }
  return metadata === undefined
    ? fields
    : { ...fields, metadata: mergeMetadata(oldMetadata, metadata as Record<string, string>) };
}

/** The event of a write, where the row says that Stripe sends it. */
function tell(home: Scope, row: StoredType, object: StripeObject, word: string, previous?: Sent): void {
  if (!row.events?.split(' ').includes(word)) return;
  voiceOf(home, object).emit(eventType(object, word), shown(object), previous);
}

/** Objects without an id are kept under one, which they do not show. */
export function shown(object: StripeObject): Record<string, unknown> {
  if (hasField(object.object, 'id')) return object;
  const copy: Record<string, unknown> = { ...object };
  delete copy.id;
  return copy;
}
