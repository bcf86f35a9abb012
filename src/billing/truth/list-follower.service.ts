import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Clock } from '../../common/clock.js';
import { DomainError } from '../../common/errors.js';
import { BulkWriter } from '../mirror/bulk-writer.js';
import { SettleQueue } from '../mirror/settle-queue.js';
import { snapshotKey } from '../mirror/snapshot.js';
import { snapshotOf, StripeFetcher, withQuery, type StripePage } from '../mirror/stripe-fetcher.js';
import { ListFollowsRepository, type ClaimedFollow, type Followed } from './list-follows.repository.js';

/** An object appears in its list a little after the second that it bears; every look goes back by this much. */
const OVERLAP_SECONDS = 120;
/** What is older than the first look is a backfill's to bring, or a sweep's. */
const FIRST_LOOK_SECONDS = 3_600;
/** A hundred objects each. */
const PAGES_MAX = 200_000;
/** Stripe makes announced changes in its own time: those that are due are looked for again and again, up to this age. */
const CHANGES_EVERY_SECONDS = 15 * 60;
const CHANGES_AGE_SECONDS = 2 * 86_400;

interface Span {
  from: number;
  until: number | null;
}

/** When the objects were made that were to change by now, and when the last of them was to. */
interface DueChanges extends Span {
  newest: number;
}

interface Page {
  stampSeconds: number;
  brought: number;
}

/**
 * Reads Stripe's lists of what it sends no events about on from where they ended, newest first, and asks again for what was
 * to change by now, since such a change is announced in the object and told nowhere.
 */
@Injectable()
export class ListFollower {
  constructor(
    private readonly db: DataSource,
    private readonly follows: ListFollowsRepository,
    private readonly fetcher: StripeFetcher,
    private readonly bulk: BulkWriter,
    private readonly settling: SettleQueue,
    private readonly clock: Clock,
  ) {}

  /** One complete look. Safe to repeat. Errors are Stripe's, `list_too_long`, or `lease_lost`. */
  async look(follow: ClaimedFollow): Promise<Followed> {
    const nowSeconds = Math.floor(this.clock.now().getTime() / 1_000);
    const from = (follow.completeUntil ?? nowSeconds - FIRST_LOOK_SECONDS) - OVERLAP_SECONDS;
    const { asOfSeconds, brought } = await this.read(follow, { from, until: null });
    const changes = await this.lookForChanges(follow, asOfSeconds);
    const followed = { fromSeconds: from, asOfSeconds, ...changes, brought: brought + changes.brought };
    await this.follows.complete(follow, followed);
    return followed;
  }

  private async lookForChanges(
    follow: ClaimedFollow,
    asOfSeconds: number,
  ): Promise<Pick<Followed, 'changesAsOf' | 'brought'>> {
    const due = await this.dueChanges(follow, asOfSeconds);
    if (due === null) return { changesAsOf: asOfSeconds, brought: 0 };
    const { changesUntil } = follow;
    const isNew = changesUntil === null || due.newest > changesUntil;
    if (!isNew && asOfSeconds - changesUntil < CHANGES_EVERY_SECONDS) return { changesAsOf: null, brought: 0 };
    const { brought } = await this.read(follow, due);
    return { changesAsOf: asOfSeconds, brought };
  }

  private async dueChanges({ workspaceId, account, type }: ClaimedFollow, asOf: number): Promise<DueChanges | null> {
    const column = type.followed?.changesAt;
    if (column === undefined) return null;
    const [due] = (await this.db.query(
      `SELECT extract(epoch FROM min(created))::bigint AS from, extract(epoch FROM max(created))::bigint AS until,
              extract(epoch FROM max(${column}))::bigint AS newest
         FROM stripe.${type.table}
        WHERE workspace_id = $1 AND account = $2 AND deleted_at IS NULL
          AND ${column} > to_timestamp($3) AND ${column} <= to_timestamp($4)`,
      [workspaceId, account, asOf - CHANGES_AGE_SECONDS, asOf],
    )) as Array<Record<'from' | 'until' | 'newest', string | null>>;
    if (due === undefined || due.from === null) return null;
    return { from: Number(due.from), until: Number(due.until), newest: Number(due.newest) };
  }

  private async read(follow: ClaimedFollow, { from, until }: Span): Promise<{ asOfSeconds: number; brought: number }> {
    const path = pathOf(follow, { from, until });
    const seen = { asOfSeconds: 0, brought: 0 };
    let next: string | null = null;
    let pages = 0;
    do {
      if (pages === PAGES_MAX)
        throw new DomainError('upstream_failed', 'list_too_long', `${path} did not end after ${PAGES_MAX} pages`);
      if (pages > 0 || until !== null) await this.follows.keep(follow);
      // News are one page as a rule, and somebody waits for them; the rest gives way to everybody else.
      const priority = pages === 0 && until === null ? 'interactive' : 'bulk';
      const page: StripePage = await this.fetcher.fetchPage({ ...follow, path }, next, { priority });
      const { stampSeconds, brought } = await this.take(follow, page);
      if (pages === 0) seen.asOfSeconds = stampSeconds;
      seen.brought += brought;
      pages += 1;
      next = page.next;
    } while (next !== null);
    return seen;
  }

  /** Writes what is not held yet, or otherwise. */
  private async take({ workspaceId, account, type }: ClaimedFollow, page: StripePage): Promise<Page> {
    const states = page.objects.flatMap((data) => {
      const id = type.identify(data);
      return id === null ? [] : [snapshotOf({ workspaceId, account, type, id }, page, data)];
    });
    const differences = await this.bulk.differences(states, this.db.manager);
    const news = states.filter((state) => differences.get(snapshotKey(state)) !== 'unchanged');
    if (news.length > 0) {
      await this.db.transaction((tx) => this.bulk.apply(news, [], tx));
      this.settling.announce();
    }
    return { stampSeconds: page.stampSeconds, brought: news.length };
  }
}

function pathOf({ type }: ClaimedFollow, { from, until }: Span): string {
  const [list] = type.lists;
  if (list === undefined) throw new Error(`${type.table} are followed and have no list`);
  return withQuery(list.path, [`created[gte]=${from}`, ...(until === null ? [] : [`created[lte]=${until}`])]);
}
