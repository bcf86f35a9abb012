import { inRange, type Range } from '../../http/params.js';
import type { StripeObject } from '../../core/objects.js';
import type { Word } from './row-language.js';

type Fits = (row: StripeObject, sent: unknown) => boolean;

/** Filters that are more than a comparison with the field of their name. */
const SPECIAL: Record<string, Fits> = {
  'entitlements.feature.archived': (row, sent) => row.active === (sent !== 'true'),
  'subscription_schedule.scheduled': (row, sent) => sent !== 'true' || row.status === 'not_started',
  'payment_record.created_after': (row, sent) => Number(row.created) > Number(sent),
  'payment_record.created_before': (row, sent) => Number(row.created) < Number(sent),
  'billing.alert.meter': (row, sent) => (row.usage_threshold as { meter?: unknown } | null)?.meter === sent,
  'billing.meter_event_summary.start_time': (row, sent) => Number(row.start_time) >= Number(sent),
  'billing.meter_event_summary.end_time': (row, sent) => Number(row.end_time) <= Number(sent),
  // How finely Stripe sums up; the sandbox keeps the sums that it was given.
  'billing.meter_event_summary.value_grouping_window': () => true,
  'issuing.personalization_design.lookup_keys': (row, sent) => (sent as unknown[]).includes(row.lookup_key),
  'v2.core.event.object_id': (row, sent) => partsFit(row.related_object, sent),
  'v2.core.event.types': (row, sent) => (sent as unknown[]).includes(row.type),
  'v2.core.account.applied_configurations': (row, sent) =>
    (sent as unknown[]).every((name) => (row.applied_configurations as unknown[]).includes(name)),
};

/** Filters that decide also when they were not sent. */
const DEFAULTED: Record<string, Fits> = {
  // Closed accounts are listed only for who asks for them.
  'v2.core.account.closed': (row, sent) => (row.closed ?? false) === (sent === 'true'),
  // Without an owner, `/v1/tax_ids` lists the account's own.
  'tax_id.owner': (row, sent) =>
    sent === undefined ? (row.customer ?? null) === null : partsFit(row.owner ?? ownerOf(row), sent),
};

const ownerOf = (row: StripeObject): object =>
  row.customer ? { type: 'customer', customer: row.customer } : { type: 'self' };

/** What a filter asks of rows of this type; `links` stands in for fields that Stripe does not show. */
export function filterOf(
  object: string,
  { name, ranged }: Word,
): (row: StripeObject, sent: unknown, links: () => Record<string, string>) => boolean {
  const defaulted = DEFAULTED[`${object}.${name}`];
  if (defaulted) return defaulted;
  const special = SPECIAL[`${object}.${name}`];
  if (special) return (row, sent) => sent === undefined || special(row, sent);
  if (ranged) return (row, sent) => sent === undefined || inRange(Number(row[name] ?? Number.NaN), sent as Range);
  return (row, sent, links) => sent === undefined || partsFit(row[name] ?? links()[name], sent);
}

/** Compared as texts, which is what a query has; a reference by its id; an object part by part. */
function partsFit(value: unknown, sent: unknown): boolean {
  if (typeof sent === 'object' && sent !== null) {
    const parts = (value ?? {}) as Record<string, unknown>;
    return Object.entries(sent).every(([name, part]) => partsFit(parts[name], part));
  }
  if (typeof value === 'object' && value !== null) return partsFit((value as { id?: unknown }).id, sent);
  return value !== undefined && value !== null && String(value) === String(sent);
}
