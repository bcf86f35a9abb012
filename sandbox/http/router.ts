import type { Scope } from '../core/scope.js';
import type { Kind, Kinds } from '../core/wire.js';
import { without } from '../core/without.js';
import { paging, storedPage } from './listing.js';
import { list, range, text, type Param, type Range, type Shape, type Values } from './params.js';

export type Method = 'GET' | 'POST' | 'DELETE';

export interface Route {
  method: Method;
  path: string;
  shape: Record<string, Param<unknown>>;
  run(scope: Scope, params: Record<string, unknown>, ids: string[]): unknown;
}

const expandParam = { expand: list(text) };
/** A deletion answers a tombstone, which has nothing to expand; this one answers the object. */
const DELETION_WITH_EXPAND = '/v1/subscriptions/:id';

/** A route of Stripe's API. `id` and `second` are the path's parameters. */
export function route<S extends Shape>(
  method: Method,
  path: string,
  shape: S,
  handle: (scope: Scope, params: Values<S>, id: string, second: string) => unknown,
): Route {
  return {
    method,
    path,
    shape: {
      ...(shape as Record<string, Param<unknown>>),
      ...((method !== 'DELETE' || path === DELETION_WITH_EXPAND) && expandParam),
    },
    run: (scope, params, ids) =>
      handle(scope, without(params, 'expand') as unknown as Values<S>, ids[0] ?? '', ids[1] ?? ''),
  };
}

/** A route whose parameters are known only at run time, and that expands nothing. */
export function bareRoute(
  method: Method,
  path: string,
  shape: Record<string, Param<unknown>>,
  handle: (scope: Scope, sent: Record<string, unknown>, id: string, second: string) => unknown,
): Route {
  return { method, path, shape, run: (scope, params, ids) => handle(scope, params, ids[0] ?? '', ids[1] ?? '') };
}

/** `GET` of one object by the id in its path. */
export function retrieve<K extends Kind>(path: string, kind: K): Route {
  return route('GET', path, {}, (scope, _params, id) => scope.get(kind, id));
}

/** Lists that Stripe does not filter by time. */
const TIMELESS = ['/v1/payment_methods', '/v1/test_helpers/test_clocks', '/v1/webhook_endpoints'];

/** `GET` of a list with paging, a `created` filter where objects have that field, and the filters of `shape`. */
export function listing<K extends Kind, S extends Shape>(
  path: string,
  kind: K,
  shape: S,
  matches: (row: Kinds[K], params: Values<S>, scope: Scope) => boolean,
): Route {
  const full = { ...paging, ...(!TIMELESS.includes(path) && { created: range }), ...shape };
  return route('GET', path, full, (scope, sent) => {
    const params = sent as Values<typeof paging> & { created?: Range } & Values<S>;
    return storedPage(scope, kind, params, {
      url: path,
      noun: kind,
      created: params.created,
      matches: (row) => matches(row, params, scope),
    });
  });
}

/** True when the filter was not sent or is this value. */
export const same = (value: unknown, wanted: unknown): boolean => wanted === undefined || value === wanted;

export class Router {
  private readonly bySize = new Map<string, { route: Route; parts: string[] }[]>();

  constructor(routes: readonly Route[]) {
    for (const one of routes) {
      const parts = one.path.split('/').slice(1);
      const key = `${one.method} ${parts.length}`;
      this.bySize.set(key, [...(this.bySize.get(key) ?? []), { route: one, parts }]);
    }
    // Fixed parts go before parameters: /v1/invoices/search is no invoice.
    const parameters = (parts: string[]): number => parts.filter((part) => part.startsWith(':')).length;
    for (const entries of this.bySize.values()) entries.sort((a, b) => parameters(a.parts) - parameters(b.parts));
  }

  find(method: string, path: string): { route: Route; ids: string[] } | null {
    const parts = path.split('/').slice(1);
    for (const candidate of this.bySize.get(`${method} ${parts.length}`) ?? []) {
      const fits = candidate.parts.every((part, i) => part.startsWith(':') || part === parts[i]);
      if (!fits) continue;
      const ids = candidate.parts.flatMap((part, i) =>
        part.startsWith(':') ? [decodeURIComponent(parts[i] ?? '')] : [],
      );
      return { route: candidate.route, ids };
    }
    return null;
  }
}
