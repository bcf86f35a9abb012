import { Injectable, Logger } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import Stripe from 'stripe';
import { DataSource, type EntityManager } from 'typeorm';
import { PollingWorker } from '../../common/background-worker.js';
import { Clock } from '../../common/clock.js';
import { failureCodeOf } from '../../stripe/failure.js';
import { MirrorWriter } from './mirror-writer.js';
import type { RefetchReason } from './refetch.entity.js';
import type { EmbeddedRule, StripeObjectType } from '../objects/object-type.js';
import { typeOfTable } from '../objects/registry.js';
import { isTruncatedList, minorOf } from '../objects/shapes.js';
import type { StripeData } from '../objects/stripe-model.entity.js';
import { SettleQueue } from './settle-queue.js';
import { childOf, RANK_FETCHED, type Snapshot } from './snapshot.js';
import { snapshotOf, StripeFetcher, tombstoneOf, type ObjectAddress } from './stripe-fetcher.js';

const POLL_MS = 500;
const CLAIM_SIZE = 20;
const LEASE_SECONDS = 60;
const MAX_ATTEMPTS = 8;
/** What failed so often is not forgotten, since an answer is still missing, but asked for rarely. */
const STUBBORN_PAUSE_SECONDS = 3_600;

interface Claim extends ObjectAddress {
  reason: RefetchReason;
  minStamp: number;
  attempts: number;
  token: string;
}

/** What one question brought: states to write, lists that are complete now, and whether it is answered for good. */
interface Answer {
  snapshots: Snapshot[];
  completeOwner: Snapshot | null;
  /** The object asked about, whose keys are touched. */
  subject: StripeData;
  answered: boolean;
}

/** Asks Stripe what the payloads left open. The request runs outside any transaction; the answer and the mark commit together. */
@Injectable()
export class RefetchWorker extends PollingWorker {
  readonly name = 'refetch';
  private readonly log = new Logger('Refetch');

  constructor(
    private readonly db: DataSource,
    private readonly fetcher: StripeFetcher,
    private readonly mirror: MirrorWriter,
    private readonly settling: SettleQueue,
    private readonly clock: Clock,
  ) {
    super(POLL_MS);
  }

  override async runOnce(): Promise<number> {
    const claims = await this.claim();
    for (const claim of claims) await this.work(claim);
    if (claims.length > 0) this.settling.announce();
    return claims.length;
  }

  protected override onFailure(error: unknown): void {
    this.log.error({ message: 'refetching stopped for a moment', error });
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
      token,
    }));
  }

  private async work(claim: Claim): Promise<void> {
    try {
      const answer = await this.ask(claim);
      await this.db.transaction(async (tx) => {
        await this.mirror.apply(answer.snapshots, tx);
        if (answer.completeOwner !== null) await this.mirror.buryMissingMembers([answer.completeOwner], tx);
        await this.settling.touch(
          claim.type.touches(answer.subject, claim.id).map((key) => ({ ...claim, ...key })),
          tx,
        );
        // Stripe's clock passes the second in question at the next try; one that stands still is not waited for without end.
        if (answer.answered || claim.attempts >= MAX_ATTEMPTS) await complete(claim, tx);
        else await postpone(claim, 1, null, tx);
      });
    } catch (error) {
      await this.afterFailure(claim, error);
    }
  }

  private async afterFailure(claim: Claim, error: unknown): Promise<void> {
    const code = failureCodeOf(error);
    const isStubborn = claim.attempts >= MAX_ATTEMPTS;
    if (isStubborn)
      this.log.error({ message: `Stripe still cannot be asked about ${claim.id} (${claim.reason}): ${code}`, error });
    else this.log.warn(`Stripe could not be asked about ${claim.id} (${claim.reason}): ${code}; trying again`);
    await postpone(claim, isStubborn ? STUBBORN_PAUSE_SECONDS : 2 ** claim.attempts, code, this.db.manager);
  }

  private async ask(claim: Claim): Promise<Answer> {
    switch (claim.reason) {
      case 'undecided':
        return this.askForObject(claim);
      case 'members':
        return this.askForMembers(claim);
      case 'discounts':
        return this.askForDiscounts(claim);
      case 'payments':
        return this.askForPayments(claim);
    }
  }

  private async askForObject(claim: Claim): Promise<Answer> {
    const snapshot = await this.fetchOrBury(claim);
    const answered = snapshot.stampSeconds >= claim.minStamp;
    return { snapshots: [snapshot], completeOwner: null, subject: snapshot.data, answered };
  }

  private async fetchOrBury(claim: Claim): Promise<Snapshot> {
    try {
      return await this.fetcher.fetchObject(claim, { priority: 'refetch' });
    } catch (error) {
      if (!isMissing(error)) throw error;
      return tombstoneOf(claim, Math.max(claim.minStamp, Math.floor(this.clock.now().getTime() / 1000)));
    }
  }

  private async askForMembers(claim: Claim): Promise<Answer> {
    const owner = await this.fetchOrBury(claim);
    const rules = claim.type.embedded.filter(
      (rule) => rule.list !== undefined && (rule.owned || isTruncatedList(owner.data[rule.field])),
    );
    const answer: Answer = { snapshots: [], completeOwner: null, subject: owner.data, answered: true };
    if (owner.deleted) return { ...answer, snapshots: [owner] };
    for (const rule of rules) {
      const { whole, members } = await this.askForList(rule, owner);
      answer.snapshots.push(...members);
      if (rule.owned) answer.completeOwner = whole;
    }
    return answer;
  }

  private async askForList(rule: EmbeddedRule, owner: Snapshot): Promise<{ whole: Snapshot; members: Snapshot[] }> {
    const path = String(rule.list).replace('{id}', encodeURIComponent(owner.id));
    const list = await this.fetcher.fetchList({ ...owner, path }, { priority: 'refetch' });
    const data = { ...owner.data, [rule.field]: { object: 'list', data: list.objects, has_more: false } };
    const whole: Snapshot = { ...owner, data, stampSeconds: list.stampSeconds };
    const parent = rule.owned ? owner.id : null;
    return { whole, members: list.objects.flatMap((member) => childOf(whole, member, { rank: RANK_FETCHED, parent })) };
  }

  private async askForDiscounts(claim: Claim): Promise<Answer> {
    const { answer, discounts } = await this.fetcher.fetchDiscounts(claim);
    const carrier = snapshotOf(claim, answer, answer.body);
    const snapshots = discounts.flatMap((data) => childOf(carrier, data, { rank: RANK_FETCHED, parent: null }));
    return { snapshots, completeOwner: null, subject: answer.body, answered: true };
  }

  private async askForPayments(claim: Claim): Promise<Answer> {
    const [known] = (await this.db.query(PAYMENTS_KNOWN, [claim.workspaceId, claim.account, claim.id])) as Array<{
      missing: string;
    }>;
    if (known === undefined || minorOf(Number(known.missing)) <= 0)
      return { snapshots: [], completeOwner: null, subject: {}, answered: true };
    const list = await this.fetcher.fetchList(
      { ...claim, path: `/v1/invoice_payments?invoice=${encodeURIComponent(claim.id)}` },
      { priority: 'refetch' },
    );
    const whole = snapshotOf(claim, list, { object: claim.type.object, id: claim.id });
    const snapshots = list.objects.flatMap((data) => childOf(whole, data, { rank: RANK_FETCHED, parent: null }));
    return { snapshots, completeOwner: null, subject: {}, answered: true };
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Stripe.errors.StripeInvalidRequestError && error.code === 'resource_missing';
}

const CLAIM = `
  UPDATE tributary.refetch AS r
     SET available_at = now() + $2 * interval '1 second', attempts = r.attempts + 1, lease_token = $3
    FROM (SELECT workspace_id, account, object_table, object_id, reason FROM tributary.refetch
           WHERE available_at <= now() ORDER BY available_at LIMIT $1 FOR UPDATE SKIP LOCKED) AS due
   WHERE r.workspace_id = due.workspace_id AND r.account = due.account AND r.object_table = due.object_table
     AND r.object_id = due.object_id AND r.reason = due.reason
  RETURNING r.workspace_id, r.account, r.object_table, r.object_id, r.reason, r.min_stamp, r.attempts`;

const PAYMENTS_KNOWN = `
  SELECT coalesce((i.data->>'amount_paid')::bigint, 0) - coalesce(sum((p.data->>'amount_paid')::bigint), 0) AS missing
    FROM stripe.invoices i
    LEFT JOIN stripe.invoice_payments p ON p.workspace_id = i.workspace_id AND p.invoice = i.id AND p.status = 'paid'
   WHERE i.workspace_id = $1 AND i.account = $2 AND i.id = $3 AND i.deleted_at IS NULL
   GROUP BY i.data`;

interface ClaimRow {
  workspace_id: string;
  account: string;
  object_table: string;
  object_id: string;
  reason: RefetchReason;
  min_stamp: string;
  attempts: number;
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
