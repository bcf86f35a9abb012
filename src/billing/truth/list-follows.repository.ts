import { Injectable } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { DataSource } from 'typeorm';
import { DomainError } from '../../common/errors.js';
import type { StripeObjectType } from '../objects/object-type.js';
import { FOLLOWED_TYPES, typeOfTable } from '../objects/registry.js';

/** Longer than a page takes; kept up from page to page. */
const LEASE_SECONDS = 120;
const CLAIMED_AT_ONCE = 4;
/** However often something is missed, a list is not looked at more often than this. */
const LOOKS_APART_SECONDS = 3;

/** A list that this process has the lease of. Seconds by Stripe's clock. */
export interface ClaimedFollow {
  workspaceId: string;
  account: string;
  type: StripeObjectType;
  completeUntil: number | null;
  changesUntil: number | null;
  token: string;
}

/** What one look told. Seconds by Stripe's clock. */
export interface Followed {
  fromSeconds: number;
  asOfSeconds: number;
  /** As of when announced changes are known; null when that was not looked at. */
  changesAsOf: number | null;
  brought: number;
}

interface FollowRow {
  workspace_id: string;
  account: string;
  object_table: string;
  complete_until: string | null;
  changes_until: string | null;
}

/** Whose turn it is to read a list on, so that of all replicas one does at a time. */
@Injectable()
export class ListFollowsRepository {
  constructor(private readonly db: DataSource) {}

  /** A row for every followed type of these accounts. */
  async ensure(workspaceId: string, accounts: readonly string[]): Promise<void> {
    await this.db.query(
      `INSERT INTO tributary.list_follow (workspace_id, account, object_table)
       SELECT $1, a, t FROM unnest($2::text[]) AS a, unnest($3::text[]) AS t ON CONFLICT DO NOTHING`,
      [workspaceId, accounts, FOLLOWED_TYPES.map(({ table }) => table)],
    );
  }

  /** Lists of these accounts that are due. Those that this build does not follow are left to others. */
  async claim(workspaceId: string, accounts: readonly string[]): Promise<ClaimedFollow[]> {
    const token = randomUUID();
    const [rows] = (await this.db.query(
      `UPDATE tributary.list_follow f SET due_at = now() + $2 * interval '1 second', lease_token = $3
         FROM (SELECT workspace_id, account, object_table FROM tributary.list_follow
                WHERE workspace_id = $1 AND due_at <= now() AND object_table = ANY($5::text[]) AND account = ANY($6::text[])
                ORDER BY due_at, account, object_table LIMIT $4 FOR UPDATE SKIP LOCKED) AS due
        WHERE f.workspace_id = due.workspace_id AND f.account = due.account AND f.object_table = due.object_table
       RETURNING f.workspace_id, f.account, f.object_table, extract(epoch FROM f.complete_until)::bigint AS complete_until,
                 extract(epoch FROM f.changes_until)::bigint AS changes_until`,
      [workspaceId, LEASE_SECONDS, token, CLAIMED_AT_ONCE, FOLLOWED_TYPES.map(({ table }) => table), accounts],
    )) as [FollowRow[], number];
    return rows.map((row) => ({
      workspaceId: row.workspace_id,
      account: row.account,
      type: typeOfTable(row.object_table) as StripeObjectType,
      completeUntil: row.complete_until === null ? null : Number(row.complete_until),
      changesUntil: row.changes_until === null ? null : Number(row.changes_until),
      token,
    }));
  }

  /** Keeps the lease for another page. Errors: `lease_lost`. */
  async keep(follow: ClaimedFollow): Promise<void> {
    await this.update(follow, `due_at = now() + $5 * interval '1 second'`, [LEASE_SECONDS]);
  }

  /**
   * Counts what was brought, and plans the next look. Each is a request, so that all accounts together take about one a
   * second of a type however many they are.
   */
  async complete(follow: ClaimedFollow, { fromSeconds, asOfSeconds, changesAsOf, brought }: Followed): Promise<void> {
    await this.update(
      follow,
      `complete_from = coalesce(complete_from, to_timestamp($5)),
       complete_until = greatest(complete_until, to_timestamp($6)),
       changes_until = greatest(changes_until, to_timestamp($7)),
       brought = brought + $8, looks = looks + 1, looked_at = now(), error = NULL, lease_token = NULL,
       due_at = now() + interval '1 second' * greatest($9::bigint, (SELECT count(*) FROM tributary.list_follow o
         WHERE o.workspace_id = f.workspace_id AND o.object_table = f.object_table))`,
      [fromSeconds, asOfSeconds, changesAsOf, brought, follow.type.followed?.everySeconds],
    );
  }

  async fail(follow: ClaimedFollow, code: string, pauseSeconds: number): Promise<void> {
    await this.update(
      follow,
      `error = $5, looked_at = now(), lease_token = NULL, due_at = now() + $6 * interval '1 second'`,
      [code, pauseSeconds],
    );
  }

  /**
   * Has the list looked at soon. Answers false while a look is under way, which may have begun too early: the caller asks
   * again. A list that Stripe refused is not asked for more often because of it.
   */
  async hasten(workspaceId: string, account: string, type: StripeObjectType): Promise<boolean> {
    const [row] = (await this.db.query(
      `WITH hastened AS (
         UPDATE tributary.list_follow
            SET due_at = greatest(now(), looked_at + $4 * interval '1 second')
          WHERE workspace_id = $1 AND account = $2 AND object_table = $3 AND lease_token IS NULL AND error IS NULL
            AND due_at > greatest(now(), looked_at + $4 * interval '1 second'))
       SELECT lease_token IS NOT NULL AND due_at > now() AS busy FROM tributary.list_follow
        WHERE workspace_id = $1 AND account = $2 AND object_table = $3`,
      [workspaceId, account, type.table, LOOKS_APART_SECONDS],
    )) as Array<{ busy: boolean }>;
    return row?.busy !== true;
  }

  private async update(follow: ClaimedFollow, set: string, parameters: readonly unknown[]): Promise<void> {
    const [, count] = (await this.db.query(
      `UPDATE tributary.list_follow f SET ${set}
        WHERE workspace_id = $1 AND account = $2 AND object_table = $3 AND lease_token = $4`,
      [follow.workspaceId, follow.account, follow.type.table, follow.token, ...parameters],
    )) as [unknown, number];
    if (count === 0) throw new DomainError('conflict', 'lease_lost', 'another replica looks at this list now');
  }
}
