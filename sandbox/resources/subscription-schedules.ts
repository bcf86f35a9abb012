import {
  cancelSchedule,
  changeSchedule,
  createSchedule,
  phasesFrom,
  releaseSchedule,
  type Schedule,
} from '../billing/schedules.js';
import { invalidRequest, missingParam } from '../core/errors.js';
import { bool, int, list, mergeMetadata, metadata, object, oneOf, required, text } from '../http/params.js';
import { retrieve, route, type Route } from '../http/router.js';
import { instant } from './subscription-fields.js';

const PATH = '/v1/subscription_schedules';
const phase = object({
  duration: object({ interval: required(oneOf('day', 'month', 'week', 'year')), interval_count: int }),
  end_date: int,
  items: required(list(object({ price: text, quantity: int }))),
  metadata,
  proration_behavior: oneOf('always_invoice', 'create_prorations', 'none'),
  start_date: text,
});
const fields = { end_behavior: oneOf('cancel', 'release'), metadata, phases: list(phase) };

export const subscriptionScheduleRoutes: Route[] = [
  route('POST', PATH, { ...fields, customer: text, from_subscription: text, start_date: text }, (outer, params) => {
    const { from_subscription: from } = params;
    const subscription = from === undefined ? undefined : outer.get('subscription', from, 'from_subscription');
    if (subscription?.schedule) {
      throw invalidRequest(`Subscription ${subscription.id} has a schedule already: ${subscription.schedule}.`, {
        param: 'from_subscription',
      });
    }
    const owner = subscription?.customer ?? params.customer;
    if (owner === undefined) throw missingParam('customer');
    if (!subscription && !params.phases) throw missingParam('phases');
    const scope = outer.forCustomer(owner);
    return createSchedule(scope, {
      customer: scope.get('customer', owner, 'customer'),
      start: instant(params.start_date, scope.now) ?? scope.now,
      phases: params.phases ?? [],
      endBehavior: params.end_behavior ?? 'release',
      metadata: mergeMetadata({}, params.metadata),
      subscription,
    });
  }),
  retrieve(`${PATH}/:id`, 'subscription_schedule'),
  route(
    'POST',
    `${PATH}/:id`,
    { ...fields, proration_behavior: oneOf('always_invoice', 'create_prorations', 'none') },
    (outer, params, id) => {
      const schedule = outer.get('subscription_schedule', id);
      const scope = outer.forCustomer(schedule.customer);
      const start = schedule.phases[0]?.start_date ?? scope.now;
      const phases = params.phases && phasesFrom(scope, start, params.phases);
      const running = phases?.find(({ start_date, end_date }) => start_date <= scope.now && scope.now < end_date);
      const patch: Partial<Schedule> = {
        ...(params.end_behavior && { end_behavior: params.end_behavior }),
        ...(phases && { phases }),
        ...(running &&
          schedule.current_phase && { current_phase: { start_date: running.start_date, end_date: running.end_date } }),
        metadata: mergeMetadata(schedule.metadata, params.metadata),
      };
      return changeSchedule(scope, schedule, patch);
    },
  ),
  route('POST', `${PATH}/:id/release`, { preserve_cancel_date: bool }, (outer, _params, id) => {
    const schedule = outer.get('subscription_schedule', id);
    return releaseSchedule(outer.forCustomer(schedule.customer), schedule);
  }),
  route('POST', `${PATH}/:id/cancel`, { invoice_now: bool, prorate: bool }, (outer, params, id) => {
    const schedule = outer.get('subscription_schedule', id);
    const scope = outer.forCustomer(schedule.customer);
    return cancelSchedule(scope, schedule, params.prorate ?? true, params.invoice_now ?? true);
  }),
];
