import { Injectable, Logger } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { DataSource, type EntityManager } from 'typeorm';
import { atMost } from '../../common/at-most.js';
import { PollingWorker } from '../../common/background-worker.js';
import { failureCodeOf } from '../../stripe/failure.js';
import { MirrorWriter } from './mirror-writer.js';
import { OffStripeAmounts } from './off-stripe-amounts.js';
import { RefetchMetrics } from './refetch-metrics.js';
import { RefetchQuestions, type Question } from './refetch-questions.service.js';
import type { RefetchReason } from './refetch.entity.js';
import type { StripeObjectType } from '../objects/object-type.js';
import { typeOfTable } from '../objects/registry.js';
import type { StripeData } from '../objects/stripe-model.entity.js';
import { SettleQueue } from './settle-queue.js';

const POLL_MS = 500;
const CLAIM_SIZE = 40;
/** Questions under way at once; what Stripe allows in a second is the limiter's to say. */
const LANES = 6;
const LEASE_SECONDS = 60;
const MAX_ATTEMPTS = 8;
/** What failed so often is not forgotten, since an answer is still missing, but asked for rarely. */
const STUBBORN_PAUSE_SECONDS = 3_600;

interface Claim extends Question {
  attempts: number;
  token: string;
}

/** Asks Stripe what the payloads left open. The request runs outside any transaction; the answer and the mark commit together. */
@Injectable()
export class RefetchWorker extends PollingWorker {
  readonly name = 'refetch';
  private readonly log = new Logger('Refetch');

  constructor(
    private readonly db: DataSource,
    private readonly questions: RefetchQuestions,
    private readonly mirror: MirrorWriter,
    private readonly offStripe: OffStripeAmounts,
    private readonly settling: SettleQueue,
    private readonly metrics: RefetchMetrics,
  ) {
    super(POLL_MS);
  }

  override async runOnce(): Promise<number> {
    const claims = await this.claim();
    await this.workOnAll(claims);
    if (claims.length > 0) this.settling.announce();
    return claims.length;
  }

  protected override onFailure(error: unknown): void {
    this.log.error({ message: 'refetching stopped for a moment', error });
  }

  /** Several objects at a time; questions about one object stay in a row, so that their answers do not wait for each other's locks. */
  private async workOnAll(claims: readonly Claim[]): Promise<void> {
    const byObject = new Map<string, Claim[]>();
    for (const claim of claims) {
      const key = `${claim.workspaceId}/${claim.account}/${claim.type.table}/${claim.id}`;
      byObject.set(key, [...(byObject.get(key) ?? []), claim]);
    }
    await atMost(LANES, [...byObject.values()], async (ofObject) => {
      for (const claim of ofObject) await this.work(claim);
    });
  }

  private async claim(): Promise<Claim[]> {
    const token = randomUUID();
    const rows = await returned(this.db.manager, CLAIM, [CLAIM_SIZE, LEASE_SECONDS, token]);
    return rows.map((row) => ({
      workspaceId: row.workspace_id,
      account: row.account,
      type: typeOfTable(row.object_table) as StripeObjectType,
      id: row.object_id,
      reason: row.reason,
      minStamp: Number(row.min_stamp),
      attempts: row.attempts,
      known: row.known ?? undefined,
      token,
    }));
  }

  private async work(claim: Claim): Promise<void> {
    try {
      const answer = await this.questions.ask(claim);
      await this.db.transaction(async (tx) => {
        await this.mirror.apply(answer.snapshots, tx);
        if (answer.completeOwner !== null) await this.mirror.buryMissingMembers([answer.completeOwner], tx);
        if (answer.offStripeMinor !== undefined) await this.offStripe.record(claim, answer.offStripeMinor, tx);
        await this.settling.touch(
          claim.type.touches(answer.subject, claim.id).map((key) => ({ ...claim, ...key })),
          tx,
        );
        // Stripe's clock passes the second in question at the next try; one that stands still is not waited for without end.
        if (answer.answered || claim.attempts >= MAX_ATTEMPTS) await complete(claim, tx);
        else await postpone(claim, 1, null, tx);
      });
      this.metrics.asked(claim.reason, answer.answered ? 'answered' : 'too_early');
    } catch (error) {
      await this.afterFailure(claim, error);
    }
  }

  private async afterFailure(claim: Claim, error: unknown): Promise<void> {
    this.metrics.asked(claim.reason, 'failed');
    const code = failureCodeOf(error);
    const isStubborn = claim.attempts >= MAX_ATTEMPTS;
    if (isStubborn)
      this.log.error({ message: `Stripe still cannot be asked about ${claim.id} (${claim.reason}): ${code}`, error });
    else this.log.warn(`Stripe could not be asked about ${claim.id} (${claim.reason}): ${code}; trying again`);
    await postpone(claim, isStubborn ? STUBBORN_PAUSE_SECONDS : 2 ** claim.attempts, code, this.db.manager);
  }
}

const CLAIM = `
  UPDATE tributary.refetch AS r
     SET available_at = now() + $2 * interval '1 second', attempts = r.attempts + 1, lease_token = $3
    FROM (SELECT workspace_id, account, object_table, object_id, reason FROM tributary.refetch
           WHERE available_at <= now() ORDER BY available_at LIMIT $1 FOR UPDATE SKIP LOCKED) AS due
   WHERE r.workspace_id = due.workspace_id AND r.account = due.account AND r.object_table = due.object_table
     AND r.object_id = due.object_id AND r.reason = due.reason
  RETURNING r.workspace_id, r.account, r.object_table, r.object_id, r.reason, r.min_stamp, r.attempts, r.known`;

interface ClaimRow {
  workspace_id: string;
  account: string;
  object_table: string;
  object_id: string;
  reason: RefetchReason;
  min_stamp: string;
  attempts: number;
  known: StripeData | null;
}

/** The driver answers an UPDATE … RETURNING with the rows and their number. */
async function returned(manager: EntityManager, sql: string, parameters: unknown[]): Promise<ClaimRow[]> {
  const [rows] = (await manager.query(sql, parameters)) as [ClaimRow[], number];
  return rows;
}

const CLAIMED = `workspace_id = $1 AND account = $2 AND object_table = $3 AND object_id = $4 AND reason = $5 AND lease_token = $6`;

function claimParameters(claim: Claim): unknown[] {
  return [claim.workspaceId, claim.account, claim.type.table, claim.id, claim.reason, claim.token];
}

async function complete(claim: Claim, tx: EntityManager): Promise<void> {
  await tx.query(`DELETE FROM tributary.refetch WHERE ${CLAIMED}`, claimParameters(claim));
}

async function postpone(claim: Claim, seconds: number, error: string | null, tx: EntityManager): Promise<void> {
  await tx.query(
    `UPDATE tributary.refetch SET available_at = now() + $7 * interval '1 second', error = $8, lease_token = NULL WHERE ${CLAIMED}`,
    [...claimParameters(claim), seconds, error],
  );
}
