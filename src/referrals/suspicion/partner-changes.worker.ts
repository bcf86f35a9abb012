import { Injectable, Logger } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { SettleQueue } from '../../billing/mirror/settle-queue.js';
import { PollingWorker } from '../../common/background-worker.js';
import { lockFactsToWrite } from '../referral-facts-lock.js';
import { saleKey, type SaleReference } from '../sale-key.js';

const POLL_MS = 2_000;
/** Commissions that are gone through in one transaction; a partner may have many. */
const COMMISSIONS_AT_ONCE = 500;

interface Change {
  workspaceId: string;
  partnerId: string;
  isFirstPage: boolean;
}

interface PageRow extends SaleReference {
  commissionId: string;
  id: string;
  customerId: string;
  isOpen: boolean;
}

/**
 * Has the sales of partners who say something else of themselves settled again, so that those which are the partner's own
 * purchases by now are held. Only sales of which something is in no approved payout: of the others nothing can be held.
 */
@Injectable()
export class PartnerChangesWorker extends PollingWorker {
  readonly name = 'partner-changes';
  private readonly log = new Logger('PartnerChanges');

  constructor(
    private readonly db: DataSource,
    private readonly queue: SettleQueue,
  ) {
    super(POLL_MS);
  }

  override async runOnce(): Promise<number> {
    const worked = await this.db.transaction((tx) => this.workPage(tx));
    if (worked > 0) this.queue.announce();
    return worked;
  }

  protected override onFailure(error: unknown): void {
    this.log.error({ message: 'the sales of partners who changed could not be looked at; trying again', error });
  }

  private async workPage(tx: EntityManager): Promise<number> {
    const [change] = (await tx.query(TAKE)) as Change[];
    if (change === undefined) return 0;
    const { workspaceId, partnerId, isFirstPage } = change;
    // A settling that is under way may have read what the partner said before; from here on none does.
    if (isFirstPage) await lockFactsToWrite(workspaceId, tx);
    const page = (await tx.query(PAGE, [workspaceId, partnerId, COMMISSIONS_AT_ONCE])) as PageRow[];
    await this.queue.touch(
      page.filter(({ isOpen }) => isOpen).map((sale) => saleKey(sale)),
      tx,
    );
    const isLast = page.length < COMMISSIONS_AT_ONCE;
    await tx.query(isLast ? FINISH : GO_ON, [workspaceId, partnerId, ...(isLast ? [] : [page.at(-1)?.commissionId])]);
    return 1;
  }
}

const TAKE = `
  SELECT workspace_id AS "workspaceId", partner_id AS "partnerId", after_id IS NULL AS "isFirstPage"
    FROM tributary.partner_change ORDER BY changed_at LIMIT 1 FOR UPDATE SKIP LOCKED`;

const PAGE = `
  WITH page AS (
    SELECT m.id, m.sale_id, m.created_at FROM tributary.commission m
      JOIN tributary.partner_change p ON p.workspace_id = m.workspace_id AND p.partner_id = m.partner_id
     WHERE m.workspace_id = $1 AND m.partner_id = $2
       AND (m.created_at, m.id) > (coalesce(p.after_at, '-infinity'), coalesce(p.after_id, ''))
     ORDER BY m.created_at, m.id LIMIT $3)
  SELECT page.id AS "commissionId", s.workspace_id AS "workspaceId", s.account, s.source, s.source_id AS "sourceId",
         s.id, s.customer_id AS "customerId",
         EXISTS (SELECT 1 FROM tributary.ledger_entry e
                  WHERE e.workspace_id = $1 AND e.commission_id = page.id AND e.payable
                    AND NOT EXISTS (SELECT 1 FROM tributary.ledger_reservation r
                                     WHERE r.workspace_id = $1 AND r.entry_id = e.id AND r.released_at IS NULL
                                       AND r.frozen_at IS NOT NULL)) AS "isOpen"
    FROM page JOIN tributary.sale s ON s.workspace_id = $1 AND s.id = page.sale_id
   ORDER BY page.created_at, page.id`;

const GO_ON = `
  UPDATE tributary.partner_change p SET after_at = m.created_at, after_id = m.id
    FROM tributary.commission m
   WHERE p.workspace_id = $1 AND p.partner_id = $2 AND m.workspace_id = $1 AND m.id = $3`;

const FINISH = `DELETE FROM tributary.partner_change WHERE workspace_id = $1 AND partner_id = $2`;
