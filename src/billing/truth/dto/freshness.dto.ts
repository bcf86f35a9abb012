import { IsOptional, Matches } from 'class-validator';
import { AccountId } from '../../dto/account-id.js';

export class FreshnessQuery {
  /** A connected account's id, or `platform`; all accounts whose objects are held when left out. */
  @IsOptional()
  @AccountId()
  account?: string;

  /** One type, such as `customers`; all that Stripe lists when left out. */
  @IsOptional()
  @Matches(/^[a-z0-9_]{1,64}$/, { message: '$property must be a type in the plural, such as "customers"' })
  type?: string;
}

/** What limits how far behind the rows of a type can be. */
export type FreshnessReason =
  | 'poller'
  | 'pending_event'
  | 'open_question'
  | 'followed'
  | 'listed_only'
  | 'events_lost'
  | 'no_endpoint'
  | 'never_looked'
  | 'never_listed';

export class TypeFreshness {
  type: string;
  /** Every change that Stripe knew this many seconds ago is in the mirror; null when nothing can be promised. */
  behindSecondsMax: number | null;
  /** The same as an instant, by Stripe's clock. */
  trueAsOf: string | null;
  /** Whether everything was taken in once: without that, objects that no event ever named are missing. */
  complete: boolean;
  reason: FreshnessReason;
  /** For people. */
  explanation: string;
  openQuestions: number;
  lastListedAt: string | null;
}

export class AccountFreshness {
  /** Null for the workspace's own objects. */
  account: string | null;
  /** Stripe's second of the newest event that was applied. */
  newestEventApplied: string | null;
  oldestEventPending: string | null;
  eventsPending: number;
  /** Events that have failed for good and wait for a person; what they told is missing. */
  eventsParked: number;
  /** All events that Stripe had listed by then are stored. */
  eventsCompleteUntil: string | null;
  lastLookAt: string | null;
  lastLookError: string | null;
  eventsRecovered: number;
  types: TypeFreshness[];
}

export class FreshnessView {
  asOf: string;
  accounts: AccountFreshness[];
}
