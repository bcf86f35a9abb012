import { invalidRequest } from '../core/errors.js';
import { bool, list, text } from '../http/params.js';
import { listing, route, same, type Route } from '../http/router.js';

/** Stripe forgets events after so long; who missed them must list the objects. */
const KEPT_SECONDS = 30 * 86_400;
const MAX_TYPES = 20;

export const eventRoutes: Route[] = [
  route('GET', '/v1/events/:id', {}, (scope, _params, id) => {
    const event = scope.get('event', id);
    if (event.created < scope.now - KEPT_SECONDS) {
      throw invalidRequest(`No such event: '${id}'`, { code: 'resource_missing', param: 'id' }, 404);
    }
    return event;
  }),
  listing('/v1/events', 'event', { type: text, types: list(text), delivery_success: bool }, (row, params, scope) => {
    if (params.type !== undefined && params.types !== undefined) {
      throw invalidRequest('You may pass either type or types, not both.', { param: 'types' });
    }
    if ((params.types?.length ?? 0) > MAX_TYPES)
      throw invalidRequest(`At most ${MAX_TYPES} types.`, { param: 'types' });
    if (row.created < scope.now - KEPT_SECONDS) return false;
    const wild = params.type?.endsWith('.*') ? params.type.slice(0, -1) : null;
    const fits = wild === null ? same(row.type, params.type) : row.type.startsWith(wild);
    if (!fits || (params.types !== undefined && !params.types.includes(row.type))) return false;
    if (params.delivery_success === undefined) return true;
    const deliveries = scope.world.deliveries.list({ eventId: row.id });
    return deliveries.every(({ status }) => status === 'delivered') === params.delivery_success;
  }),
];
