export interface Interval {
  interval: 'day' | 'week' | 'month' | 'year';
  interval_count: number;
}

const DAY_SECONDS = 86_400;

/** `count` intervals after the anchor. Months keep the anchor's day and clamp it to the month's end, as Stripe's anchors do. */
export function intervalsAfter(anchor: number, { interval, interval_count: each }: Interval, count: number): number {
  if (interval === 'day') return anchor + count * each * DAY_SECONDS;
  if (interval === 'week') return anchor + count * each * 7 * DAY_SECONDS;
  return addMonths(anchor, count * each * (interval === 'year' ? 12 : 1));
}

/** The first period end after `from`, on the anchor's grid. */
export function periodEndAfter(from: number, anchor: number, interval: Interval): number {
  if (anchor > from) return anchor;
  let count = Math.max(1, Math.floor((from - anchor) / roughSeconds(interval)) - 1);
  while (intervalsAfter(anchor, interval, count) <= from) count++;
  return intervalsAfter(anchor, interval, count);
}

function roughSeconds({ interval, interval_count: each }: Interval): number {
  return each * DAY_SECONDS * { day: 1, week: 7, month: 31, year: 366 }[interval];
}

export function addMonths(instant: number, months: number): number {
  const date = new Date(instant * 1_000);
  const day = date.getUTCDate();
  date.setUTCDate(1);
  date.setUTCMonth(date.getUTCMonth() + months);
  const lastDay = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();
  date.setUTCDate(Math.min(day, lastDay));
  return Math.floor(date.getTime() / 1_000);
}
