import { Injectable, Logger } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { SettleQueue, settleKeyText, type SettleKey } from '../billing/mirror/settle-queue.js';
import { atMost } from '../common/at-most.js';
import { PollingWorker } from '../common/background-worker.js';
import { PayoutSettlement } from '../payouts/payout-settlement.service.js';
import { ReferralSettlement } from '../referrals/referral-settlement.service.js';

const POLL_MS = 500;
const CLAIM_SIZE = 400;
/** Keys that one process settles at once: a settling asks much and calculates little. */
const LANES = 4;
export const MAX_SETTLE_ATTEMPTS = 8;

interface Touch {
  /** The queue's rows that name the key. */
  ids: string[];
  key: SettleKey;
  attempts: number;
}

/**
 * Drains the touched keys. What no referral or payout can hang on is dropped for a whole batch at once; every other key gets
 * a transaction of its own in which its rows leave the queue, the rooms say what should be posted, and it is posted. A touch
 * that arrives meanwhile is a new row and is settled again.
 */
@Injectable()
export class SettleWorker extends PollingWorker {
  readonly name = 'settle';
  private readonly log = new Logger('Settle');

  constructor(
    private readonly db: DataSource,
    private readonly referrals: ReferralSettlement,
    private readonly payouts: PayoutSettlement,
    queue: SettleQueue,
  ) {
    super(POLL_MS);
    queue.onTouched(() => this.wake());
  }

  override async runOnce(): Promise<number> {
    const touches = await this.peek();
    if (touches.length === 0) return 0;
    const relevant = await this.dropIrrelevant(touches);
    const settled = await atMost(LANES, relevant, async (touch) => !this.isStopping && (await this.settle(touch)));
    return touches.length - relevant.length + settled.filter(Boolean).length;
  }

  protected override onFailure(error: unknown): void {
    this.log.error({ message: 'settling stopped for a moment', error });
  }

  private async peek(): Promise<Touch[]> {
    const rows = (await this.db.query(PEEK, [CLAIM_SIZE])) as QueueRow[];
    const touches = new Map<string, Touch>();
    for (const row of rows) {
      const key: SettleKey = { workspaceId: row.workspace_id, account: row.account, kind: row.kind, id: row.key };
      const text = settleKeyText(key);
      const touch = touches.get(text) ?? { ids: [], key, attempts: 0 };
      touch.ids.push(row.id);
      touch.attempts = Math.max(touch.attempts, row.attempts);
      touches.set(text, touch);
    }
    return [...touches.values()];
  }

  /** Payout keys always count; of the others the referral room says which can matter. */
  private async dropIrrelevant(touches: readonly Touch[]): Promise<Touch[]> {
    const forPayouts = touches.filter(({ key }) => isPayoutKey(key));
    const others = touches.filter(({ key }) => !isPayoutKey(key));
    const relevant = new Set(
      (
        await this.referrals.relevant(
          others.map(({ key }) => key),
          this.db.manager,
        )
      ).map(settleKeyText),
    );
    const dropped = others.filter(({ key }) => !relevant.has(settleKeyText(key)));
    if (dropped.length > 0)
      await this.db.query(`DELETE FROM tributary.settle_queue WHERE id = ANY($1::bigint[])`, [
        dropped.flatMap(({ ids }) => ids),
      ]);
    return [...forPayouts, ...others.filter(({ key }) => relevant.has(settleKeyText(key)))];
  }

  /** False when another worker has the key; it sees at least what this one would have seen. */
  private async settle(touch: Touch): Promise<boolean> {
    try {
      return await this.db.transaction(async (tx) => {
        const [taken] = (await tx.query(TAKE, [touch.ids])) as [unknown[], number];
        if (taken.length > 0) await this.settleKey(touch.key, tx);
        return taken.length > 0;
      });
    } catch (error) {
      await this.recordFailure(touch, error);
      return true;
    }
  }

  private async settleKey(key: SettleKey, tx: EntityManager): Promise<void> {
    if (isPayoutKey(key)) return this.payouts.settle(key, tx);
    const partnerIds = await this.referrals.settle(key, tx);
    if (partnerIds.length > 0) await this.payouts.joinDrafts(key.workspaceId, [...new Set(partnerIds)].sort(), tx);
  }

  private async recordFailure({ ids, key, attempts }: Touch, error: unknown): Promise<void> {
    const message = error instanceof Error ? error.message : String(error);
    const parked = attempts + 1 >= MAX_SETTLE_ATTEMPTS;
    this.log.error({
      message: `${key.kind} ${key.id} could not be settled at attempt ${attempts + 1}${parked ? ' and is parked' : ''}`,
      error,
    });
    await this.db.query(
      `UPDATE tributary.settle_queue SET attempts = attempts + 1, error = $2,
              available_at = CASE WHEN $3 THEN 'infinity' ELSE now() + $4 * interval '1 second' END
        WHERE id = ANY($1::bigint[])`,
      [ids, message.slice(0, 2_000), parked, 2 ** attempts],
    );
  }
}

function isPayoutKey({ kind }: SettleKey): boolean {
  return kind === 'transfer' || kind === 'payout' || kind === 'account';
}

interface QueueRow {
  id: string;
  workspace_id: string;
  account: string;
  kind: SettleKey['kind'];
  key: string;
  attempts: number;
}

const PEEK = `
  SELECT id, workspace_id, account, kind, key, attempts FROM tributary.settle_queue
   WHERE available_at <= now() ORDER BY available_at, id LIMIT $1`;

// Rows that another worker is settling are left to it rather than waited for.
const TAKE = `
  WITH free AS (SELECT id FROM tributary.settle_queue WHERE id = ANY($1::bigint[]) ORDER BY id FOR UPDATE SKIP LOCKED)
  DELETE FROM tributary.settle_queue q USING free WHERE q.id = free.id RETURNING q.id`;
