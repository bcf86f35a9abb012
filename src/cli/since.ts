import { parseInstant } from '../common/dto-decorators.js';
import { MS_PER_DAY } from '../common/clock.js';
import { UsageError } from './command.js';

const DAYS_MAX = 20_000;

/**
 * The instant that `--since` names: `30d` (from midnight UTC so many days ago, so that the same words mean the same all
 * day), `2026-01-31` (its midnight UTC) or an instant with its zone. Throws `UsageError`. Pure.
 */
export function sinceOf(text: string, now: Date): Date {
  const [, days] = /^(\d{1,5})d$/.exec(text) ?? [];
  const since =
    days === undefined
      ? parseInstant(/^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00:00Z` : text)
      : daysBefore(Number(days), now);
  if (since !== null && since <= now) return since;
  const why = since === null ? '' : ', which is still to come';
  throw new UsageError(
    `--since is "${text}"${why}; it takes days back (30d), a date (2026-01-31) or an instant (2026-01-31T12:00:00Z)`,
  );
}

function daysBefore(days: number, now: Date): Date | null {
  if (days > DAYS_MAX) return null;
  const midnight = Math.floor(now.getTime() / MS_PER_DAY) * MS_PER_DAY;
  return new Date(midnight - days * MS_PER_DAY);
}
