import { Injectable, Logger } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { DataSource, type EntityManager } from 'typeorm';
import { MirrorWriter } from '../billing/mirror/mirror-writer.js';
import { RefetchQueue } from '../billing/mirror/refetch-queue.js';
import { ApiVersionsSeen } from '../billing/truth/api-versions-seen.service.js';
import { SettleQueue } from '../billing/mirror/settle-queue.js';
import { PollingWorker } from '../common/background-worker.js';
import { foldEvents, type StoredEvent } from './fold.js';
import { Inbox } from './inbox.js';

const POLL_MS = 500;
const BATCH_SIZE = 200;
/**
 * While events keep coming the next claim waits this long for them: most of a small batch's cost is its dozen statements.
 * The first event after a pause is taken at once.
 */
const GATHER_MS = 50;
/** Events to be tried again are rare and wait for seconds anyway; they are looked for when there is time, else this often. */
const LOOK_FOR_REPEATED_EVERY_MS = 500;
/** Far longer than a batch takes; an event whose worker died is taken again after it. */
export const LEASE_SECONDS = 30;
export const MAX_ATTEMPTS = 8;
/** 2^n times this, so that the last attempt comes about four minutes after the first. */
const BACK_OFF_SECONDS = 1;

interface Claimed extends StoredEvent {
  attempts: number;
  created: Date;
}

/**
 * Takes events from the inbox and applies them: one batch, one transaction, in which the mirror is written, the touched keys
 * are queued and the events are marked. The claim is committed first, with the attempt counted, so that an event that kills
 * its worker is known by its count and from then on claimed alone.
 */
@Injectable()
export class InboxWorker extends PollingWorker {
  readonly name = 'inbox';
  private readonly log = new Logger('Inbox');
  private gathers = false;
  private nextClaimAt = 0;
  private nextLookForRepeatedAt = 0;

  constructor(
    private readonly db: DataSource,
    private readonly mirror: MirrorWriter,
    private readonly settling: SettleQueue,
    private readonly refetches: RefetchQueue,
    private readonly versions: ApiVersionsSeen,
    inbox: Inbox,
  ) {
    super(POLL_MS);
    inbox.onStored(() => this.wake());
  }

  override start(): void {
    this.gathers = true;
    super.start();
  }

  override async runOnce(): Promise<number> {
    if (this.gathers && !this.isStopping) await sleep(Math.max(0, this.nextClaimAt - performance.now()));
    const token = randomUUID();
    const fresh = await this.claim(CLAIM_FRESH, BATCH_SIZE, token);
    if (fresh.length > 0) await this.applyOrSplit(fresh, token);
    if (fresh.length > 0 && fresh.length < BATCH_SIZE) this.nextClaimAt = performance.now() + GATHER_MS;
    const repeated = await this.applyRepeated(fresh.length === 0, token);
    if (fresh.length + repeated > 0) this.settling.announce();
    await this.versions.note(fresh);
    return fresh.length + repeated;
  }

  private async applyRepeated(hasTime: boolean, token: string): Promise<number> {
    if (!hasTime && performance.now() < this.nextLookForRepeatedAt) return 0;
    this.nextLookForRepeatedAt = performance.now() + LOOK_FOR_REPEATED_EVERY_MS;
    const repeated = await this.claim(CLAIM_REPEATED, 1, token);
    for (const event of repeated) await this.applyAlone(event, token);
    return repeated.length;
  }

  protected override onFailure(error: unknown): void {
    this.log.error({ message: 'the inbox could not be worked on; trying again', error });
  }

  private async claim(sql: string, limit: number, token: string): Promise<Claimed[]> {
    const [rows] = (await this.db.query(sql, [limit, LEASE_SECONDS, token])) as [ClaimedRow[], number];
    return rows.map((row) => ({
      workspaceId: row.workspace_id,
      id: row.id,
      created: row.created,
      createdSeconds: Math.floor(row.created.getTime() / 1000),
      account: row.account,
      type: row.type,
      apiVersion: row.api_version,
      body: row.body,
      attempts: row.attempts,
    }));
  }

  /** The whole batch at once; when that fails, each event by itself, so that a poisoned one stands alone. */
  private async applyOrSplit(events: Claimed[], token: string): Promise<void> {
    try {
      await this.apply(events, token);
    } catch (error) {
      if (events.length > 1)
        this.log.warn({ message: `a batch of ${events.length} events failed; applying them one by one`, error });
      for (const event of events) await this.applyAlone(event, token);
    }
  }

  private async applyAlone(event: Claimed, token: string): Promise<void> {
    // Only a worker that died leaves a count beyond the limit; the event that kills workers is not given another one.
    if (event.attempts > MAX_ATTEMPTS)
      return this.recordFailure(event, token, new Error('its worker died while it was applied'));
    try {
      await this.apply([event], token);
    } catch (error) {
      await this.recordFailure(event, token, error);
    }
  }

  private async apply(events: Claimed[], token: string): Promise<void> {
    await this.db.transaction(async (tx) => {
      const { snapshots, keys, named } = await foldEvents(events, tx);
      await this.mirror.apply(snapshots, tx);
      await this.refetches.requestObjects(named, tx);
      await this.settling.touch(keys, tx);
      await markApplied(events, token, tx);
    });
  }

  private async recordFailure(event: Claimed, token: string, error: unknown): Promise<void> {
    const message = error instanceof Error ? error.message : String(error);
    const parked = event.attempts >= MAX_ATTEMPTS;
    this.log.error({
      message: `event ${event.id} (${event.type}) failed at attempt ${event.attempts}${parked ? ' and is parked' : ''}`,
      error,
    });
    await this.db.query(
      `UPDATE tributary.webhook_event
          SET state = CASE WHEN $5 THEN 'parked' ELSE state END, error = $6, lease_token = NULL,
              available_at = now() + $7 * interval '1 second'
        WHERE workspace_id = $1 AND created = $2 AND id = $3 AND lease_token = $4 AND state = 'pending'`,
      [
        event.workspaceId,
        event.created,
        event.id,
        token,
        parked,
        message.slice(0, 2_000),
        BACK_OFF_SECONDS * 2 ** event.attempts,
      ],
    );
  }
}

/**
 * Marks the claimed events, provided that every claim still holds; otherwise the transaction is abandoned, since another
 * worker has the events now (its effects would be the same, but the counts must not be told twice).
 */
async function markApplied(events: readonly Claimed[], token: string, tx: EntityManager): Promise<void> {
  const [, marked] = (await tx.query(
    `UPDATE tributary.webhook_event e
        SET state = 'applied', applied_at = now(), error = NULL, lease_token = NULL
       FROM unnest($2::text[], $3::timestamptz[], $4::text[]) AS k(workspace_id, created, id)
      WHERE e.workspace_id = k.workspace_id AND e.created = k.created AND e.id = k.id
        AND e.lease_token = $1 AND e.state = 'pending'`,
    [token, events.map((e) => e.workspaceId), events.map((e) => e.created), events.map((e) => e.id)],
  )) as [unknown, number];
  if (marked !== events.length) throw new Error(`the lease on ${events.length - marked} events was lost`);
}

const claimStatement = (attempts: string) => `
  UPDATE tributary.webhook_event e
     SET attempts = e.attempts + 1, available_at = now() + $2 * interval '1 second', lease_token = $3
    FROM (SELECT workspace_id, created, id FROM tributary.webhook_event
           WHERE state = 'pending' AND attempts ${attempts} AND available_at <= now()
           ORDER BY received_at LIMIT $1 FOR UPDATE SKIP LOCKED) AS due
   WHERE e.workspace_id = due.workspace_id AND e.created = due.created AND e.id = due.id
  RETURNING e.workspace_id, e.created, e.id, e.account, e.type, e.api_version, e.body, e.attempts`;

const CLAIM_FRESH = claimStatement('= 0');
/** An event that was claimed before may have killed its worker; it must not take a batch with it again. */
const CLAIM_REPEATED = claimStatement('> 0');

interface ClaimedRow {
  workspace_id: string;
  created: Date;
  id: string;
  account: string;
  type: string;
  api_version: string | null;
  body: string | null;
  attempts: number;
}
