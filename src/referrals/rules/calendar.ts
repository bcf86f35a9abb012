import { DateTime } from 'luxon';
import type { Period } from './reward-rule.js';

/** A stretch of time, half-open; null where it has no end. */
export interface Span {
  from: Date | null;
  to: Date | null;
}

/** The period of the calendar in that time zone (IANA) in which the instant lies (rule R5). Pure. */
export function periodOf(at: Date, period: Period, timeZone: string): Span {
  if (period === 'ever') return { from: null, to: null };
  const start = DateTime.fromJSDate(at, { zone: timeZone }).startOf(period);
  return { from: start.toJSDate(), to: start.plus({ [period]: 1 }).toJSDate() };
}

/**
 * The instant so many months later, at the same day and time of day in that zone; the last day of a month that has not that
 * day. Pure.
 */
export function monthsAfter(at: Date, months: number, timeZone: string): Date {
  return DateTime.fromJSDate(at, { zone: timeZone }).plus({ months }).toJSDate();
}

/** Whether the zone is one that the calendar knows, such as `Europe/Berlin`. Pure. */
export function isTimeZone(value: unknown): value is string {
  return typeof value === 'string' && DateTime.local({ zone: value }).isValid;
}
