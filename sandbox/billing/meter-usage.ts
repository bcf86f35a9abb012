import type { Scope } from '../core/scope.js';
import type { Kinds } from '../core/wire.js';

type Meter = Kinds['billing.meter'];

/** What the meter counted for the customer in `[start, end)`; null when it counted nothing. */
export function usageOf(scope: Scope, meter: Meter, customer: string, start: number, end: number): number | null {
  const rows = scope.all(
    'sandbox.meter_reading',
    (row) =>
      row.eventName === meter.event_name && row.customer === customer && row.created >= start && row.created < end,
  );
  if (rows.length === 0) return null;
  if (meter.default_aggregation.formula !== 'last') return rows.reduce((total, { value }) => total + value, 0);
  return rows.reduce((newest, row) => (row.created >= newest.created ? row : newest)).value;
}
