import { invalidRequest, missingParam, noSuch } from '../../core/errors.js';
import { stripeId } from '../../core/ids.js';
import { asRow, kindOf, maybeObject, type StripeObject } from '../../core/objects.js';
import { previousAttributes } from '../../core/previous-attributes.js';
import type { Scope } from '../../core/scope.js';
import type { StoredType } from '../../core/types/stored-type.js';
import { V2_TYPES } from '../../core/types/v2-types.js';
import { int, list, range, text, type Param, type Range } from '../../http/params.js';
import { bareRoute, type Route } from '../../http/router.js';
import { accountEvents, emitThin } from '../../webhooks/thin-event.js';
import { shapeOf, wordsOf } from '../stored/row-language.js';
import { filterOf } from '../stored/stored-filters.js';
import { accountLinkRoute } from './v2-account-links.js';
import { granted, merged, shownAccount, twinOf } from './v2-accounts.js';
import { destinationRoutes } from './v2-destinations.js';
import { v2Page } from './v2-listing.js';

type Sent = Record<string, unknown>;

const ACCOUNT = 'v2.core.account';
const EVENT = 'v2.core.event';
/** As v1's events, these are forgotten. */
const KEPT_SECONDS = 30 * 86_400;

/** A part of a JSON body, taken as it is. */
const json: Param<unknown> = { read: (value) => value };
/** `created` of v2: instants are texts. */
const instants: Param<Range> = {
  read: (value, path) => {
    if (typeof value === 'string') return range.read(value, path);
    const seconds = Object.entries(value).map(([edge, instant]) => [edge, String(secondsOf(instant, path))]);
    return range.read(Object.fromEntries(seconds) as Record<string, string>, path);
  },
};

function secondsOf(instant: unknown, path: string): number {
  const ms = Date.parse(String(instant));
  if (Number.isNaN(ms)) throw invalidRequest(`Invalid timestamp: ${String(instant)}`, { param: path });
  return Math.floor(ms / 1_000);
}

/** The routes of `/v2/`: lists with links, JSON bodies, thin events. */
export function v2Routes(): Route[] {
  const generic = V2_TYPES.flatMap((row) => {
    const path = row.list ?? '';
    const nested = path.includes('/:id/');
    const one = `${path}/${nested ? ':second' : ':id'}`;
    return [
      listRoute(path, row),
      bareRoute('GET', one, { include: list(text) }, (scope, sent, id, second) =>
        shown(find(scope, row, id, nested ? second : undefined), sent.include),
      ),
      ...(row.create === undefined ? [] : [createRoute(path, row)]),
      ...(row.update === undefined ? [] : [updateRoute(one, row, nested)]),
      ...(row.delete ? [deleteRoute(one, row, nested)] : []),
    ];
  });
  return [...generic, closeRoute(), accountLinkRoute(), ...destinationRoutes()];
}

function listRoute(path: string, row: StoredType): Route {
  const filters = wordsOf(row.filters, 'filter').filter(({ name }) => name !== 'created');
  const shape = {
    ...shapeOf(filters),
    limit: int,
    page: text,
    include: list(text),
    ...(row.filters?.includes('created') && { created: instants }),
  };
  const tests = filters.map(({ name, ...word }) => ({ name, fits: filterOf(row.object, { name, ...word }) }));
  return bareRoute('GET', path, shape, (scope, sent, id) => {
    if (row.parent) find(scope, { ...row, object: row.parent.object, parent: undefined }, id);
    const page = v2Page(scope, {
      object: row.object,
      path: path.replace(':id', id),
      query: queryOf(sent),
      page: sent.page as string | undefined,
      limit: sent.limit as number | undefined,
      created: sent.created as Range | undefined,
      matches: (object) =>
        (row.parent?.field == null || object[row.parent.field] === id) &&
        (row.object !== EVENT || isKept(scope, object)) &&
        tests.every(({ name, fits }) => fits(object, sent[name], () => ({}))),
    });
    return { ...page, data: page.data.map((object) => shown(object as StripeObject, sent.include)) };
  });
}

const isKept = (scope: Scope, event: StripeObject): boolean =>
  Date.parse(String(event.created)) / 1_000 >= scope.now - KEPT_SECONDS;

/** What links to further pages carry on. */
function queryOf(sent: Sent): URLSearchParams {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(sent)) {
    if (name === 'page' || name === 'created') continue;
    if (Array.isArray(value)) value.forEach((part, index) => query.set(`${name}[${index}]`, String(part)));
    else query.set(name, String(value));
  }
  for (const [edge, seconds] of Object.entries((sent.created ?? {}) as Range)) {
    query.set(`created[${edge}]`, new Date(Number(seconds) * 1_000).toISOString());
  }
  return query;
}

function find(scope: Scope, row: StoredType, id: string, second?: string): StripeObject {
  const wanted = second ?? id;
  const object = maybeObject(scope, row.object, wanted);
  if (!object || (row.object === EVENT && !isKept(scope, object))) throw noSuch(row.object, wanted);
  if (second !== undefined && row.parent?.field && object[row.parent.field] !== id) throw noSuch(row.object, wanted);
  return object;
}

function shown(object: StripeObject, include: unknown): Sent {
  return object.object === ACCOUNT ? shownAccount(object, (include ?? []) as string[]) : object;
}

const bodyShape = (sentence: string | undefined): Record<string, Param<unknown>> => ({
  ...Object.fromEntries((sentence ?? '').split(' ').map((name) => [name, json])),
  include: json,
});

function createRoute(path: string, row: StoredType): Route {
  return bareRoute('POST', path, bodyShape(row.create), (scope, sent, parent) => {
    const { include, ...fields } = sent;
    const instant = new Date(scope.now * 1_000).toISOString();
    const isAccount = row.object === ACCOUNT;
    if (isAccount && fields.contact_email === undefined) throw missingParam('contact_email');
    if (row.parent) find(scope, { ...row, object: row.parent.object, parent: undefined }, parent);
    const object: StripeObject = {
      ...row.starts,
      ...(isAccount && { applied_configurations: Object.keys((fields.configuration ?? {}) as Sent).toSorted() }),
      ...(granted(fields) as Sent),
      ...(row.parent?.field && { [row.parent.field]: parent, updated: instant }),
      id: isAccount ? twinOf(scope, fields) : stripeId(row.prefix ?? row.object),
      object: row.object,
      created: instant,
      livemode: false,
    };
    scope.world.store.put(scope.account, kindOf(row.object), asRow(object));
    if (row.events?.includes('created')) emitThin(scope, `${row.object}.created`, object);
    return shown(object, include);
  });
}

function updateRoute(path: string, row: StoredType, nested: boolean): Route {
  return bareRoute('POST', path, bodyShape(row.update), (scope, sent, id, second) => {
    const { include, ...fields } = sent;
    const before = find(scope, row, id, nested ? second : undefined);
    const after = merged(before, granted(fields)) as StripeObject;
    if (row.object === ACCOUNT)
      after.applied_configurations = Object.keys((after.configuration ?? {}) as Sent).toSorted();
    const changed = previousAttributes(before, after);
    if (!changed) return shown(before, include);
    if ('updated' in before) after.updated = new Date(scope.now * 1_000).toISOString();
    scope.world.store.put(scope.account, kindOf(row.object), asRow(after));
    if (row.events?.includes('updated')) announceChange(scope, after, changed);
    return shown(after, include);
  });
}

/** The events of a change, as the API and whoever changes an object from outside tell it. */
export function announceChange(scope: Scope, object: StripeObject, changed: Sent): void {
  const types = object.object === ACCOUNT ? accountEvents(changed) : [`${object.object}.updated`];
  for (const type of types) emitThin(scope, type, object);
}

function deleteRoute(path: string, row: StoredType, nested: boolean): Route {
  return bareRoute('DELETE', path, {}, (scope, _sent, id, second) => {
    const object = find(scope, row, id, nested ? second : undefined);
    scope.world.store.bury(scope.account, kindOf(row.object), object.id);
    if (row.events?.includes('deleted')) emitThin(scope, `${row.object}.deleted`, object);
    return { id: object.id, object: row.object };
  });
}

function closeRoute(): Route {
  return bareRoute('POST', '/v2/core/accounts/:id/close', { applied_configurations: json }, (scope, _sent, id) => {
    const account = maybeObject(scope, ACCOUNT, id);
    if (!account) throw noSuch(ACCOUNT, id);
    const closed = { ...account, closed: true };
    scope.world.store.put(scope.account, kindOf(ACCOUNT), asRow(closed));
    emitThin(scope, 'v2.core.account.closed', closed);
    return shown(closed, []);
  });
}
