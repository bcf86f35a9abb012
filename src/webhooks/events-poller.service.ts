import { Injectable, Logger } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { StripeFetcher, type StripePage } from '../billing/mirror/stripe-fetcher.js';
import type { StripeData } from '../billing/objects/stripe-model.entity.js';
import { Clock } from '../common/clock.js';
import { DomainError } from '../common/errors.js';
import type { EventSource } from './event-poll.entity.js';
import { EventPollsRepository, type ClaimedPoll } from './event-polls.repository.js';
import { EventsPollerMetrics } from './events-poller-metrics.js';
import { Inbox, type ReceivedEvent } from './inbox.js';
import { factsOf } from './received-event.js';

/** Stripe forgets events after so long. Source: https://docs.stripe.com/api/events/list */
const KEPT_SECONDS = 30 * 86_400;
/** Events appear in Stripe's list a little after the second that they bear; every look goes back by this much. */
export const OVERLAP_SECONDS = 120;
/** And now and then further, to the last look of this kind: what appears even later is found then. */
const WIDE_OVERLAP_SECONDS = 3_600;
const WIDE_EVERY_SECONDS = 15 * 60;
/** A younger event that is not stored yet may still be on its way; it is taken in, and not counted as recovered. */
const UNDER_WAY_SECONDS = 60;
/** A hundred events each. An account with more of them in thirty days is beyond what one list can tell. */
const PAGES_MAX = 200_000;

/** Where Stripe lists events, and how a look begins there. */
const LISTS: Readonly<Record<EventSource, (fromSeconds: number) => string>> = {
  v1: (from) => `/v1/events?created[gte]=${from}`,
  v2: (from) => `/v2/core/events?created[gte]=${encodeURIComponent(new Date(from * 1_000).toISOString())}`,
};

/** What one look found. */
export interface Look {
  fromSeconds: number;
  /** Stripe's second at the beginning of the look: all that had happened by then is stored. */
  asOfSeconds: number;
  wide: boolean;
  seen: number;
  recovered: number;
  requests: number;
}

/**
 * Compares Stripe's own list of events with the inbox and stores what is missing, so that no outage of ours and no lost
 * delivery leaves a gap, as long as Stripe remembers. What it stores is applied like any delivery, and meets one that comes
 * later in the same row.
 */
@Injectable()
export class EventsPoller {
  private readonly log = new Logger('Poller');
  /** The polls that this process has looked at; the first look goes back to the last one that was surely whole. */
  private readonly known = new Set<string>();

  constructor(
    private readonly db: DataSource,
    private readonly polls: EventPollsRepository,
    private readonly fetcher: StripeFetcher,
    private readonly inbox: Inbox,
    private readonly clock: Clock,
    private readonly metrics: EventsPollerMetrics,
  ) {}

  /** One complete look. Safe to repeat. Errors are Stripe's, `inbox_unavailable`, or `lease_lost`. */
  async look(poll: ClaimedPoll): Promise<Look> {
    const { fromSeconds, wide } = await this.beginningOf(poll);
    const look: Look = { fromSeconds, asOfSeconds: 0, wide, seen: 0, recovered: 0, requests: 0 };
    const path = LISTS[poll.source](fromSeconds);
    let next: string | null = null;
    do {
      if (look.requests === PAGES_MAX)
        throw new DomainError('upstream_failed', 'list_too_long', `${path} did not end after ${PAGES_MAX} pages`);
      // What is usual is one page; whoever was away for days gives way to everybody else.
      const priority = look.requests === 0 ? 'interactive' : 'bulk';
      const page: StripePage = await this.fetcher.fetchPage({ ...poll, path }, next, { priority });
      if (look.requests === 0) look.asOfSeconds = page.stampSeconds;
      look.requests += 1;
      look.seen += page.objects.length;
      look.recovered += await this.storeMissing(poll, page);
      next = page.next;
      if (next !== null) await this.polls.keep(poll);
    } while (next !== null);
    await this.polls.complete(poll, look);
    this.known.add(keyOf(poll));
    this.tell(poll, look);
    return look;
  }

  /** From where on Stripe is asked. What lies further back than Stripe's memory is noted as lost. */
  private async beginningOf(poll: ClaimedPoll): Promise<{ fromSeconds: number; wide: boolean }> {
    const now = Math.floor(this.clock.now().getTime() / 1_000);
    const oldest = now - KEPT_SECONDS;
    const { completeUntil, wideUntil } = poll;
    if (completeUntil !== null && completeUntil < oldest) {
      await this.polls.noteLoss(poll, completeUntil, oldest);
      this.log.error(
        `nobody looked at Stripe's events${of(poll)} between ${iso(completeUntil)} and ${iso(oldest)}, and Stripe has forgotten them: run a backfill`,
      );
    }
    const wide = !this.known.has(keyOf(poll)) || wideUntil === null || now - wideUntil >= WIDE_EVERY_SECONDS;
    const from = wide ? (wideUntil ?? oldest) - WIDE_OVERLAP_SECONDS : (completeUntil ?? oldest) - OVERLAP_SECONDS;
    return { fromSeconds: Math.max(from, oldest), wide };
  }

  /** Stores those events of the page that are not in the inbox; answers how many no delivery would have brought. */
  private async storeMissing(poll: ClaimedPoll, page: StripePage): Promise<number> {
    const events = page.objects.filter((event) => isWanted(poll.source, event)).map((event) => received(poll, event));
    const missing = await this.missingAmong(poll.workspaceId, events);
    await Promise.all(missing.map((event) => this.inbox.store(event)));
    return missing.filter((event) => event.createdSeconds <= page.stampSeconds - UNDER_WAY_SECONDS).length;
  }

  private async missingAmong(workspaceId: string, events: readonly ReceivedEvent[]): Promise<ReceivedEvent[]> {
    if (events.length === 0) return [];
    const held = (await this.db.query(
      `SELECT e.id FROM unnest($2::bigint[], $3::text[]) AS k(created, id)
         JOIN tributary.webhook_event e ON e.workspace_id = $1 AND e.created = to_timestamp(k.created) AND e.id = k.id
        WHERE e.state <> 'quarantined'`,
      [workspaceId, events.map((event) => event.createdSeconds), events.map((event) => event.id)],
    )) as Array<{ id: string }>;
    const ids = new Set(held.map(({ id }) => id));
    return events.filter((event) => !ids.has(event.id));
  }

  private tell(poll: ClaimedPoll, { recovered, fromSeconds, asOfSeconds, seen }: Look): void {
    this.metrics.looked(poll.source, 'complete');
    this.metrics.recovered(poll.source, recovered);
    if (recovered === 0) return;
    this.log.warn(
      `recovered ${recovered} of ${seen} events${of(poll)} that no delivery had brought, between ${iso(fromSeconds)} and ${iso(asOfSeconds)}`,
    );
  }
}

/** The first version's events are listed again among the second's, without their objects: once is enough. */
function isWanted(source: EventSource, event: StripeData): boolean {
  return source === 'v1' || !String(event.type).startsWith('v1.');
}

/** Which endpoint an event came by, when none brought it. */
export const POLLED = 'poller';

function received(poll: ClaimedPoll, event: StripeData): ReceivedEvent {
  const facts = factsOf(event);
  return {
    ...facts,
    // A connected account's own list does not repeat whose it is.
    account: poll.account === '' ? facts.account : poll.account,
    workspaceId: poll.workspaceId,
    endpointId: POLLED,
    body: JSON.stringify(event),
    state: 'pending',
    error: null,
  };
}

const keyOf = (poll: ClaimedPoll): string => `${poll.workspaceId}/${poll.account}/${poll.source}`;
const of = ({ account, source }: ClaimedPoll): string =>
  `${account === '' ? '' : ` of account ${account}`}${source === 'v2' ? ' (v2)' : ''}`;
const iso = (seconds: number): string => new Date(seconds * 1_000).toISOString();
