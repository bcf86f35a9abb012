import { Injectable } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { DataSource } from 'typeorm';
import { DomainError } from '../common/errors.js';
import type { EventSource } from './event-poll.entity.js';

/** Longer than a page takes; kept up from page to page. */
const LEASE_SECONDS = 120;
const CLAIMED_AT_ONCE = 4;

/** A poll that this process has the lease of. Seconds by Stripe's clock. */
export interface ClaimedPoll {
  workspaceId: string;
  account: string;
  source: EventSource;
  completeUntil: number | null;
  wideUntil: number | null;
  token: string;
}

interface PollRow {
  workspace_id: string;
  account: string;
  source: EventSource;
  complete_until: Date | null;
  wide_until: Date | null;
}

/** Whose turn it is to look at Stripe's events, so that of all replicas one does at a time. */
@Injectable()
export class EventPollsRepository {
  constructor(private readonly db: DataSource) {}

  /** A row for each of Stripe's two lists of the workspace's own events. */
  async ensure(workspaceId: string): Promise<void> {
    await this.db.query(
      `INSERT INTO tributary.event_poll (workspace_id, account, source)
       SELECT $1, '', source FROM unnest(ARRAY['v1', 'v2']) AS source ON CONFLICT DO NOTHING`,
      [workspaceId],
    );
  }

  /**
   * A row for each connected account once there is an endpoint for their events, since without one nobody wants them.
   * Answers how many are new.
   */
  async ensureAccounts(workspaceId: string, accounts: readonly string[]): Promise<number> {
    const rows = await this.db.query<unknown[]>(
      `INSERT INTO tributary.event_poll (workspace_id, account, source)
       SELECT $1, id, 'v1' FROM unnest($2::text[]) AS id
        WHERE EXISTS (SELECT 1 FROM tributary.webhook_endpoint e WHERE e.workspace_id = $1 AND e.kind = 'connect')
       ON CONFLICT DO NOTHING RETURNING account`,
      [workspaceId, accounts],
    );
    return rows.length;
  }

  async claim(workspaceId: string): Promise<ClaimedPoll[]> {
    const token = randomUUID();
    const [rows] = (await this.db.query(
      `UPDATE tributary.event_poll p SET due_at = now() + $2 * interval '1 second', lease_token = $3
         FROM (SELECT workspace_id, account, source FROM tributary.event_poll
                WHERE workspace_id = $1 AND due_at <= now() ORDER BY due_at, account, source LIMIT $4
                  FOR UPDATE SKIP LOCKED) AS due
        WHERE p.workspace_id = due.workspace_id AND p.account = due.account AND p.source = due.source
       RETURNING p.workspace_id, p.account, p.source, p.complete_until, p.wide_until`,
      [workspaceId, LEASE_SECONDS, token, CLAIMED_AT_ONCE],
    )) as [PollRow[], number];
    return rows.map((row) => ({
      workspaceId: row.workspace_id,
      account: row.account,
      source: row.source,
      completeUntil: secondsOf(row.complete_until),
      wideUntil: secondsOf(row.wide_until),
      token,
    }));
  }

  /** Keeps the lease for another page. Errors: `lease_lost`. */
  async keep(poll: ClaimedPoll): Promise<void> {
    await this.update(poll, `due_at = now() + $5 * interval '1 second'`, [LEASE_SECONDS]);
  }

  /** Counts what was found, and plans the next look. */
  async complete(poll: ClaimedPoll, look: { asOfSeconds: number; wide: boolean; recovered: number }): Promise<void> {
    await this.update(
      poll,
      `complete_until = greatest(complete_until, to_timestamp($5)),
       wide_until = CASE WHEN $6 THEN greatest(wide_until, to_timestamp($5)) ELSE wide_until END,
       recovered = recovered + $7, looks = looks + 1, looked_at = now(), error = NULL, lease_token = NULL,
       recovered_last = CASE WHEN $7 > 0 THEN $7 ELSE recovered_last END,
       recovered_at = CASE WHEN $7 > 0 THEN now() ELSE recovered_at END,
       due_at = now() + ${PAUSE} * interval '1 second'`,
      [look.asOfSeconds, look.wide, look.recovered],
    );
  }

  async fail(poll: ClaimedPoll, code: string, pauseSeconds: number): Promise<void> {
    await this.update(
      poll,
      `error = $5, looked_at = now(), lease_token = NULL, due_at = now() + $6 * interval '1 second'`,
      [code, pauseSeconds],
    );
  }

  async noteLoss(poll: ClaimedPoll, fromSeconds: number, untilSeconds: number): Promise<void> {
    await this.update(poll, `lost_from = to_timestamp($5), lost_until = to_timestamp($6)`, [fromSeconds, untilSeconds]);
  }

  private async update(poll: ClaimedPoll, set: string, parameters: readonly unknown[]): Promise<void> {
    const [, count] = (await this.db.query(
      `UPDATE tributary.event_poll p SET ${set}
        WHERE workspace_id = $1 AND account = $2 AND source = $3 AND lease_token = $4`,
      [poll.workspaceId, poll.account, poll.source, poll.token, ...parameters],
    )) as [unknown, number];
    if (count === 0) throw new DomainError('conflict', 'lease_lost', 'another replica looks at these events now');
  }
}

/**
 * Seconds until the next look. The workspace's own events every minute. A connected account costs a request each time, so
 * that all of them together take about one a second; thin events concern accounts only, which change rarely.
 */
const PAUSE = `
  CASE WHEN p.account = '' AND p.source = 'v1' THEN 60
       WHEN p.account = '' THEN 300
       ELSE greatest(300, (SELECT count(*) FROM tributary.event_poll o WHERE o.workspace_id = p.workspace_id)) END`;

function secondsOf(instant: Date | null): number | null {
  return instant === null ? null : Math.floor(instant.getTime() / 1_000);
}
