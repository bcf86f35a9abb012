import { Injectable, Logger } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { SettleQueue, settleKeyText, type SettleKey } from '../billing/mirror/settle-queue.js';
import { atMost } from '../common/at-most.js';
import { PollingWorker } from '../common/background-worker.js';
import { PayoutSettlement } from '../payouts/payout-settlement.service.js';
import { ReferralSettlement, type SettleUnit } from '../referrals/referral-settlement.service.js';

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

/** What one transaction settles; without a unit it is a key of the payouts' room. */
interface Work {
  touches: Touch[];
  unit: SettleUnit | null;
}

/**
 * Drains the touched keys. What no referral or payout can hang on is dropped for a whole batch at once; every other key, with
 * those that lead to the same sale, gets a transaction of its own in which its rows leave the queue, the rooms say what should
 * be posted, and it is posted. A touch that arrives meanwhile is a new row and is settled again.
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
    const works = await this.worksOf(touches);
    const dropped = await this.drop(touches, works);
    const settled = await atMost(LANES, works, async (work) => (this.isStopping ? 0 : this.settle(work)));
    return settled.reduce((sum, count) => sum + count, dropped);
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

  /** Payout keys always count; of the others the referral room says which can matter, and which go together. */
  private async worksOf(touches: readonly Touch[]): Promise<Work[]> {
    const byKey = new Map(touches.map((touch) => [settleKeyText(touch.key), touch]));
    const others = touches.filter(({ key }) => !isPayoutKey(key)).map(({ key }) => key);
    const units = await this.referrals.unitsOf(others, this.db.manager);
    return [
      ...touches.filter(({ key }) => isPayoutKey(key)).map((touch) => ({ touches: [touch], unit: null })),
      ...units.map((unit) => ({
        touches: unit.keys.map((key) => byKey.get(settleKeyText(key)) as Touch),
        unit,
      })),
    ];
  }

  /** Those that cannot matter; answers how many. */
  private async drop(touches: readonly Touch[], works: readonly Work[]): Promise<number> {
    const kept = new Set(works.flatMap((work) => work.touches));
    const dropped = touches.filter((touch) => !kept.has(touch));
    const ids = dropped.flatMap((touch) => touch.ids);
    if (ids.length > 0) await this.db.query(`DELETE FROM tributary.settle_queue WHERE id = ANY($1::bigint[])`, [ids]);
    return dropped.length;
  }

  /** Answers how many keys that were. What another worker has is left to it: it sees at least what this one would have seen. */
  private async settle(work: Work): Promise<number> {
    try {
      const taken = await this.db.transaction(async (tx) => {
        const [rows] = (await tx.query(TAKE, [work.touches.flatMap(({ ids }) => ids)])) as [unknown[], number];
        if (rows.length > 0) await this.work(work, tx);
        return rows.length > 0;
      });
      return taken ? work.touches.length : 0;
    } catch (error) {
      for (const touch of work.touches) await this.recordFailure(touch, error);
      return work.touches.length;
    }
  }

  private async work({ touches, unit }: Work, tx: EntityManager): Promise<void> {
    const { key } = touches[0] as Touch;
    if (unit === null) return this.payouts.settle(key, tx);
    const partnerIds = await this.referrals.settleUnit(unit, tx);
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
