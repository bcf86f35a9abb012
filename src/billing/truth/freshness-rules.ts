import type { StripeObjectType } from '../objects/object-type.js';
import type { FreshnessReason, TypeFreshness } from './dto/freshness.dto.js';
import { isTold } from './told-types.js';

/** An event appears in Stripe's list within this time of the second that it bears. */
export const APPEARS_WITHIN_SECONDS = 120;

/** What is known of an account's events. Seconds by Stripe's clock. */
export interface EventFacts {
  /** Every event that had been listed by then is stored; null before the first complete look. */
  completeUntil: number | null;
  /** The oldest event that is stored and not applied, failed ones included. */
  oldestUnapplied: number | null;
  /** Until when events are lost to Stripe's memory and ours; null when none are. */
  lostUntil: number | null;
  /** Whether anything brings them at all: webhooks, or looks at Stripe's list. */
  areBrought: boolean;
}

/** What is known of one type of the account. */
export interface TypeFacts {
  type: StripeObjectType;
  /** As of when it was last listed whole, by a backfill or the sweep; null when never. */
  listedAt: number | null;
  /** How far its list was read on since; null for types whose lists are not followed, and before the first look. */
  follow: FollowFacts | null;
  openQuestions: number;
  /** The second that the oldest open question is about. */
  oldestQuestion: number | null;
}

/** Between these seconds nothing that was made is missing; announced changes are known as of `changesUntil`. */
export interface FollowFacts {
  from: number;
  until: number;
  changesUntil: number;
}

interface Bound {
  second: number | null;
  reason: FreshnessReason;
  because: string;
}

/**
 * How far behind the rows of a type can be at worst. Two things vouch for them: that every event up to a second is stored and
 * applied, which holds for types that Stripe sends events about, and that everything was listed at a second. What is still
 * unapplied, or still asked about, holds the promise back. Pure.
 */
export function freshnessOf(events: EventFacts, facts: TypeFacts, nowSeconds: number): TypeFreshness {
  const bound = heldBack(isTold(facts.type) ? byEvents(events, facts) : byListing(facts), events, facts);
  const complete = facts.listedAt !== null && (events.lostUntil === null || facts.listedAt >= events.lostUntil);
  const behind = bound.second === null ? null : Math.max(0, nowSeconds - bound.second);
  return {
    type: facts.type.table,
    behindSecondsMax: behind,
    trueAsOf: isoOf(bound.second),
    complete,
    reason: bound.reason,
    explanation: sentence(facts.type.table, behind, complete, bound.because),
    openQuestions: facts.openQuestions,
    lastListedAt: isoOf(facts.listedAt),
  };
}

function byEvents({ completeUntil, lostUntil, areBrought }: EventFacts, { listedAt }: TypeFacts): Bound {
  if (!areBrought) {
    const because = 'no endpoint brings the events of this account, so that only listing it tells what changed';
    return { second: listedAt, reason: 'no_endpoint', because };
  }
  if (completeUntil === null) {
    const because = 'Stripe’s list of events has never been looked at, so that a lost delivery would not be noticed';
    return { second: listedAt, reason: 'never_looked', because };
  }
  if (lostUntil !== null && (listedAt ?? 0) < lostUntil) {
    const because = 'events were lost for longer than Stripe keeps them; a backfill closes the gap';
    return { second: null, reason: 'events_lost', because };
  }
  const second = completeUntil - APPEARS_WITHIN_SECONDS;
  if (listedAt !== null && listedAt > second) {
    return { second: listedAt, reason: 'listed_only', because: 'everything was listed just then' };
  }
  return { second, reason: 'poller', because: 'until then every event of Stripe’s is known to be applied' };
}

function byListing({ listedAt, follow }: TypeFacts): Bound {
  const followed = follow === null ? null : Math.min(follow.until, follow.changesUntil);
  // What was made between the listing and a later beginning of following may be missing until it is listed once more.
  const isGapless = follow !== null && (listedAt === null || listedAt >= follow.from);
  if (followed !== null && isGapless && followed > (listedAt ?? 0)) {
    const because =
      'Stripe sends no events about this type, and its list was read on until then, with the changes that its objects had announced; any other change comes with the sweep';
    return { second: followed, reason: 'followed', because };
  }
  if (listedAt === null) {
    const because = 'Stripe sends no events about this type, and it has never been listed whole';
    return { second: null, reason: 'never_listed', because };
  }
  const because = 'Stripe sends no events about this type, so that only listing it tells what changed';
  return { second: listedAt, reason: 'listed_only', because };
}

/** An event or a question that is still open is about its own second: until the second before, all is known. */
function heldBack(bound: Bound, { oldestUnapplied }: EventFacts, { oldestQuestion, type }: TypeFacts): Bound {
  let held = bound;
  if (held.second !== null && isTold(type) && oldestUnapplied !== null && oldestUnapplied - 1 < held.second) {
    const because = 'an event of the next second is stored and not applied yet';
    held = { second: oldestUnapplied - 1, reason: 'pending_event', because };
  }
  if (held.second !== null && oldestQuestion !== null && oldestQuestion - 1 < held.second) {
    const because = 'an event of the next second could not say how an object looks now, and Stripe is being asked';
    held = { second: oldestQuestion - 1, reason: 'open_question', because };
  }
  return held;
}

function sentence(table: string, behind: number | null, complete: boolean, because: string): string {
  const bound =
    behind === null
      ? `Nothing can be promised about ${table}: ${because}.`
      : `Every change that Stripe knew ${durationText(behind)} ago is in ${table}: ${because}.`;
  return complete
    ? bound
    : `${bound} Objects that are older than the first event may be missing until a backfill has finished.`;
}

const MINUTE = 60;
const HOUR = 3_600;
const DAY = 86_400;

function durationText(seconds: number): string {
  if (seconds < 2 * MINUTE) return `${seconds} seconds`;
  if (seconds < 2 * HOUR) return `${Math.round(seconds / MINUTE)} minutes`;
  return seconds < 2 * DAY ? `${Math.round(seconds / HOUR)} hours` : `${Math.round(seconds / DAY)} days`;
}

function isoOf(seconds: number | null): string | null {
  return seconds === null ? null : new Date(seconds * 1_000).toISOString();
}
