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

/** The same for instants that come in their order: the calendar is asked once for each period that they pass through. */
export class PassingPeriods {
  private readonly current = new Map<Period, Span>();

  constructor(private readonly timeZone: string) {}

  of(at: Date, period: Period): Span {
    const held = this.current.get(period);
    if (held !== undefined && contains(held, at)) return held;
    const span = periodOf(at, period, this.timeZone);
    this.current.set(period, span);
    return span;
  }
}

const contains = ({ from, to }: Span, at: Date): boolean => (from === null || at >= from) && (to === null || at < to);

/**
 * The instant so many months later, at the same day and time of day in that zone; the last day of a month that has not that
 * day. Pure.
 */
export function monthsAfter(at: Date, months: number, timeZone: string): Date {
  return DateTime.fromJSDate(at, { zone: timeZone }).plus({ months }).toJSDate();
}

/** The month in that time zone, such as `2026-01`. Pure. */
export function monthText(at: Date, timeZone: string): string {
  return DateTime.fromJSDate(at, { zone: timeZone }).toFormat('yyyy-MM');
}

/** Whether the zone is one that the calendar knows, such as `Europe/Berlin`. Pure. */
export function isTimeZone(value: unknown): value is string {
  return typeof value === 'string' && DateTime.local({ zone: value }).isValid;
}
