import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Clock } from '../../common/clock.js';
import { ConnectedAccounts } from '../mirror/connected-accounts.service.js';
import { comparedTypes, listedTypes } from './compared-types.js';
import type { AccountFreshness, FreshnessQuery, FreshnessView } from './dto/freshness.dto.js';
import { freshnessOf, type FollowFacts, type TypeFacts } from './freshness-rules.js';

/** More accounts than this are asked about one by one. */
const ACCOUNTS_MAX = 100;

interface EventRow {
  newest_applied: string | null;
  oldest_pending: string | null;
  oldest_unapplied: string | null;
  brought: boolean;
  pending: string;
  parked: string;
}

interface PollRow {
  complete_until: string | null;
  lost_until: string | null;
  looked_at: Date | null;
  error: string | null;
  recovered: string;
}

interface FollowRow {
  object_table: string;
  from: string;
  until: string;
  changes_until: string;
}

interface TypeRow {
  object_table: string;
  listed_at: string | null;
  questions: string;
  oldest_question: string | null;
}

/** Says how far behind Stripe the mirror can be, and why. Asks nobody but PostgreSQL. */
@Injectable()
export class FreshnessService {
  constructor(
    private readonly db: DataSource,
    private readonly clock: Clock,
    private readonly connected: ConnectedAccounts,
  ) {}

  /** Errors: `unknown_type`. */
  async of(workspaceId: string, { account, type }: FreshnessQuery): Promise<FreshnessView> {
    const now = this.clock.now();
    const accounts = account === undefined ? ['', ...(await this.connected.listKnown(workspaceId))] : [account];
    const views: AccountFreshness[] = [];
    for (const one of accounts.slice(0, ACCOUNTS_MAX)) views.push(await this.ofAccount(workspaceId, one, type, now));
    return { asOf: now.toISOString(), accounts: views };
  }

  private async ofAccount(
    workspaceId: string,
    account: string,
    table: string | undefined,
    now: Date,
  ): Promise<AccountFreshness> {
    const of = [workspaceId, account];
    const [events] = (await this.db.query(EVENTS, of)) as [EventRow];
    const [poll] = (await this.db.query(POLL, of)) as PollRow[];
    const rows = new Map(((await this.db.query(TYPES, of)) as TypeRow[]).map((row) => [row.object_table, row]));
    const follows = new Map(
      ((await this.db.query(FOLLOWS, of)) as FollowRow[]).map((row) => [row.object_table, followFacts(row)]),
    );
    const facts = {
      completeUntil: numberOf(poll?.complete_until),
      lostUntil: numberOf(poll?.lost_until),
      oldestUnapplied: numberOf(events.oldest_unapplied),
      areBrought: poll !== undefined || events.brought,
    };
    const types = table === undefined ? listedTypes(account) : comparedTypes([table], account, 'type');
    const nowSeconds = Math.floor(now.getTime() / 1_000);
    return {
      account: account === '' ? null : account,
      newestEventApplied: isoOf(events.newest_applied),
      oldestEventPending: isoOf(events.oldest_pending),
      eventsPending: Number(events.pending),
      eventsParked: Number(events.parked),
      eventsCompleteUntil: isoOf(poll?.complete_until),
      lastLookAt: poll?.looked_at?.toISOString() ?? null,
      lastLookError: poll?.error ?? null,
      eventsRecovered: Number(poll?.recovered ?? 0),
      types: types.map((type) =>
        freshnessOf(facts, typeFacts(type, rows.get(type.table), follows.get(type.table)), nowSeconds),
      ),
    };
  }
}

function typeFacts(type: TypeFacts['type'], row: TypeRow | undefined, follow: FollowFacts | undefined): TypeFacts {
  return {
    type,
    follow: follow ?? null,
    listedAt: numberOf(row?.listed_at),
    openQuestions: Number(row?.questions ?? 0),
    oldestQuestion: numberOf(row?.oldest_question),
  };
}

function followFacts({ from, until, changes_until }: FollowRow): FollowFacts {
  return { from: Number(from), until: Number(until), changesUntil: Number(changes_until) };
}

function numberOf(text: string | null | undefined): number | null {
  return text === null || text === undefined ? null : Number(text);
}

function isoOf(seconds: string | null | undefined): string | null {
  const number = numberOf(seconds);
  return number === null ? null : new Date(number * 1_000).toISOString();
}

const EVENTS = `
  SELECT (SELECT extract(epoch FROM created)::bigint FROM tributary.webhook_event
           WHERE workspace_id = $1 AND account = $2 AND state = 'applied' ORDER BY created DESC, id DESC LIMIT 1) AS newest_applied,
         extract(epoch FROM min(created) FILTER (WHERE state = 'pending'))::bigint AS oldest_pending,
         extract(epoch FROM min(created))::bigint AS oldest_unapplied,
         count(*) FILTER (WHERE state = 'pending') AS pending, count(*) FILTER (WHERE state = 'parked') AS parked,
         $2 = '' OR EXISTS (SELECT FROM tributary.webhook_endpoint WHERE workspace_id = $1 AND kind = 'connect') AS brought
    FROM tributary.webhook_event WHERE workspace_id = $1 AND account = $2 AND state IN ('pending', 'parked')`;

const POLL = `
  SELECT extract(epoch FROM complete_until)::bigint AS complete_until, extract(epoch FROM lost_until)::bigint AS lost_until,
         looked_at, error, recovered
    FROM tributary.event_poll WHERE workspace_id = $1 AND account = $2 AND source = 'v1'`;

const FOLLOWS = `
  SELECT object_table, extract(epoch FROM complete_from)::bigint AS from, extract(epoch FROM complete_until)::bigint AS until,
         extract(epoch FROM changes_until)::bigint AS changes_until
    FROM tributary.list_follow
   WHERE workspace_id = $1 AND account = $2 AND complete_until IS NOT NULL AND changes_until IS NOT NULL`;

/**
 * When a type was last listed whole: by the sweep, or by a backfill that left nothing out. What a backfill began to list is
 * true as of its beginning.
 */
const TYPES = `
  SELECT object_table, extract(epoch FROM max(listed_at))::bigint AS listed_at,
         sum(questions) AS questions, min(oldest_question) AS oldest_question
    FROM (
      SELECT object_table, listed_at, 0 AS questions, NULL::bigint AS oldest_question
        FROM tributary.sweep WHERE workspace_id = $1 AND account = $2 AND result->>'skipped' IS NULL
      UNION ALL
      SELECT task.object_table, job.created_at, 0, NULL
        FROM tributary.backfill job JOIN tributary.backfill_task task ON task.backfill_id = job.id AND task.account = $2
       WHERE job.workspace_id = $1 AND job.state = 'done' AND NOT job.dry_run AND job.since IS NULL AND task.rule >= 0
       GROUP BY task.object_table, job.id, job.created_at
      HAVING bool_and(task.state = 'done')
      UNION ALL
      SELECT object_table, NULL, 1, min_stamp FROM tributary.refetch WHERE workspace_id = $1 AND account = $2
    ) AS known
   GROUP BY object_table`;
