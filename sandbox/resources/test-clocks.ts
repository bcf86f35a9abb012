import { advanceTestClock } from '../control/due-work.js';
import { invalidRequest } from '../core/errors.js';
import { stripeId } from '../core/ids.js';
import { int, required, text } from '../http/params.js';
import { listing, retrieve, route, type Route } from '../http/router.js';

const LIFETIME_SECONDS = 30 * 86_400;

export const testClockRoutes: Route[] = [
  route('POST', '/v1/test_helpers/test_clocks', { frozen_time: required(int), name: text }, (scope, params) =>
    scope.insert(
      'test_helpers.test_clock',
      {
        id: stripeId('clock'),
        object: 'test_helpers.test_clock',
        created: scope.now,
        deletes_after: scope.now + LIFETIME_SECONDS,
        frozen_time: params.frozen_time,
        livemode: false,
        name: params.name ?? null,
        status: 'ready',
        status_details: {},
      },
      'test_helpers.test_clock.created',
    ),
  ),
  retrieve('/v1/test_helpers/test_clocks/:id', 'test_helpers.test_clock'),
  route('POST', '/v1/test_helpers/test_clocks/:id/advance', { frozen_time: required(int) }, (scope, params, id) => {
    const clock = scope.get('test_helpers.test_clock', id);
    if (params.frozen_time <= clock.frozen_time) {
      throw invalidRequest('The time to advance to must be after the current frozen time.', { param: 'frozen_time' });
    }
    return advanceTestClock(scope, clock, params.frozen_time);
  }),
  route('DELETE', '/v1/test_helpers/test_clocks/:id', {}, (scope, _params, id) => {
    const clock = scope.get('test_helpers.test_clock', id);
    for (const customer of scope.all('customer', (row) => row.test_clock === id)) scope.remove('customer', customer);
    for (const one of scope.all('subscription', (row) => row.test_clock === id)) scope.remove('subscription', one);
    return scope.remove('test_helpers.test_clock', clock, 'test_helpers.test_clock.deleted');
  }),
  listing('/v1/test_helpers/test_clocks', 'test_helpers.test_clock', {}, () => true),
];
