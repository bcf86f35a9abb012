import { usageOf } from '../billing/meter-usage.js';
import { invalidRequest, noSuch } from '../core/errors.js';
import { randomText, stripeId } from '../core/ids.js';
import { kindOf, linksOf, type StripeObject } from '../core/objects.js';
import type { Scope } from '../core/scope.js';
import type { Kinds } from '../core/wire.js';
import { newestFirst, page, paging } from '../http/listing.js';
import { int, metadata, object, oneOf, required, text } from '../http/params.js';
import { retrieve, route, type Route } from '../http/router.js';

type Meter = Kinds['billing.meter'];

const PATH = '/v1/billing/meters';
/** Stripe takes usage of the last 35 days, and of the next five minutes for clocks that are fast. */
const MAX_PAST_SECONDS = 35 * 86_400;
const MAX_FUTURE_SECONDS = 300;
const IDENTIFIER_SECONDS = 86_400;

export const billingMeterRoutes: Route[] = [
  route(
    'POST',
    PATH,
    {
      customer_mapping: object({ event_payload_key: required(text), type: required(oneOf('by_id')) }),
      default_aggregation: required(object({ formula: required(oneOf('count', 'last', 'sum')) })),
      display_name: required(text),
      event_name: required(text),
      event_time_window: oneOf('day', 'hour'),
      value_settings: object({ event_payload_key: required(text) }),
    },
    (scope, params) => {
      if (activeMeter(scope, params.event_name)) {
        throw invalidRequest(`An active meter with event name '${params.event_name}' already exists.`, {
          code: 'resource_already_exists',
          param: 'event_name',
        });
      }
      return scope.insert(
        'billing.meter',
        {
          id: stripeId('mtr'),
          object: 'billing.meter',
          created: scope.now,
          customer_mapping: params.customer_mapping ?? { event_payload_key: 'stripe_customer_id', type: 'by_id' },
          default_aggregation: params.default_aggregation,
          display_name: params.display_name,
          event_name: params.event_name,
          event_time_window: params.event_time_window ?? null,
          livemode: false,
          status: 'active',
          status_transitions: { deactivated_at: null },
          updated: scope.now,
          value_settings: params.value_settings ?? { event_payload_key: 'value' },
        },
        'billing.meter.created',
      );
    },
  ),
  retrieve(`${PATH}/:id`, 'billing.meter'),
  route('POST', `${PATH}/:id`, { display_name: text }, (scope, params, id) => {
    const meter = scope.get('billing.meter', id);
    return scope.update('billing.meter', meter, { ...params, updated: scope.now }, 'billing.meter.updated');
  }),
  route('POST', `${PATH}/:id/deactivate`, {}, (scope, _params, id) => turn(scope, id, 'inactive')),
  route('POST', `${PATH}/:id/reactivate`, {}, (scope, _params, id) => turn(scope, id, 'active')),
  route(
    'POST',
    '/v1/billing/meter_events',
    { event_name: required(text), identifier: text, payload: required(metadata), timestamp: int },
    (scope, params) => takeReading(scope, params),
  ),
  route(
    'GET',
    `${PATH}/:id/event_summaries`,
    {
      ...paging,
      customer: required(text),
      end_time: required(int),
      start_time: required(int),
      value_grouping_window: oneOf('day', 'hour'),
    },
    (scope, params, id) => {
      const { customer, start_time: start, end_time: end } = params;
      const counted = summaryOf(scope, scope.get('billing.meter', id), customer, start, end);
      const rows = [...(counted ? [counted] : []), ...putSummaries(scope, id, customer)];
      return page(rows, params, `${PATH}/${id}/event_summaries`, 'meter event summary');
    },
  ),
];

const activeMeter = (scope: Scope, eventName: string): Meter | undefined =>
  scope.all('billing.meter', (row) => row.event_name === eventName && row.status === 'active')[0];

function turn(scope: Scope, id: string, status: 'active' | 'inactive'): Meter {
  const meter = scope.get('billing.meter', id);
  if (meter.status === status) throw invalidRequest(`Meter ${id} is ${status} already.`, { param: 'id' });
  const transitions = { deactivated_at: status === 'inactive' ? scope.now : null };
  return scope.update(
    'billing.meter',
    meter,
    { status, status_transitions: transitions, updated: scope.now },
    status === 'inactive' ? 'billing.meter.deactivated' : 'billing.meter.reactivated',
  );
}

interface SentReading {
  event_name: string;
  identifier?: string;
  payload: Record<string, string>;
  timestamp?: number;
}

function takeReading(scope: Scope, sent: SentReading): object {
  const meter = activeMeter(scope, sent.event_name);
  if (!meter) {
    throw invalidRequest(`No active meter found for event name '${sent.event_name}'.`, {
      code: 'resource_missing',
      param: 'event_name',
    });
  }
  const at = sent.timestamp ?? scope.now;
  if (at < scope.now - MAX_PAST_SECONDS || at > scope.now + MAX_FUTURE_SECONDS) {
    throw invalidRequest('The timestamp must be within the past 35 days and at most 5 minutes ahead.', {
      param: 'timestamp',
    });
  }
  const customer = sent.payload[meter.customer_mapping.event_payload_key] ?? '';
  if (!scope.maybe('customer', customer)) throw noSuch('customer', customer, 'payload[stripe_customer_id]');
  const identifier = sent.identifier ?? randomText(32);
  const known = scope.maybe('sandbox.meter_reading', identifier);
  if (known && known.created > scope.now - IDENTIFIER_SECONDS) {
    throw invalidRequest(`An event already exists with identifier ${identifier}.`, {
      code: 'resource_already_exists',
      param: 'identifier',
    });
  }
  scope.insert('sandbox.meter_reading', {
    id: identifier,
    object: 'sandbox.meter_reading',
    created: at,
    eventName: sent.event_name,
    customer,
    value: valueOf(meter, sent.payload),
  });
  const { event_name, payload } = sent;
  return {
    object: 'billing.meter_event',
    created: scope.now,
    event_name,
    identifier,
    livemode: false,
    payload,
    timestamp: at,
  };
}

function valueOf(meter: Meter, payload: Record<string, string>): number {
  if (meter.default_aggregation.formula === 'count') return 1;
  const key = meter.value_settings.event_payload_key;
  const value = Number(payload[key] ?? Number.NaN);
  if (Number.isFinite(value)) return value;
  throw invalidRequest(`The payload must have a number under '${key}'.`, { param: `payload[${key}]` });
}

/** Summaries that were put there ready-made instead of being counted from events. */
function putSummaries(scope: Scope, meter: string, customer: string): StripeObject[] {
  const kind = 'billing.meter_event_summary';
  const rows = scope.all(kindOf(kind)) as unknown as StripeObject[];
  const ownerOf = (row: StripeObject): unknown => row.customer ?? linksOf(scope, kind, row.id).customer;
  return newestFirst(rows.filter((row) => row.meter === meter && ownerOf(row) === customer) as Dated[]);
}
type Dated = StripeObject & { created?: number };

/** What the meter counted for the customer in `[start, end)`; nothing when it counted nothing. */
function summaryOf(scope: Scope, meter: Meter, customer: string, start: number, end: number) {
  const usage = usageOf(scope, meter, customer, start, end);
  if (usage === null) return null;
  return {
    id: `mtrusg_test_${meter.id}_${customer}_${start}`,
    object: 'billing.meter_event_summary',
    aggregated_value: usage,
    end_time: end,
    livemode: false,
    meter: meter.id,
    start_time: start,
  };
}
