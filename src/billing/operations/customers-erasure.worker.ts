import { Injectable, Logger } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { PollingWorker } from '../../common/background-worker.js';
import { CustomerEraser } from './customers-eraser.service.js';

const POLL_MS = 5_000;
const CLAIM_SIZE = 20;
/** Far longer than going through one customer's rows takes. */
const LEASE = '5 minutes';

interface DueErasure {
  workspace_id: string;
  account: string;
  customer_id: string;
  due_at: string;
}

/** Goes once more through what is held of erased customers, after something of theirs has come. */
@Injectable()
export class CustomerErasureWorker extends PollingWorker {
  readonly name = 'customer-erasure';
  private readonly log = new Logger('CustomerErasure');

  constructor(
    private readonly db: DataSource,
    private readonly eraser: CustomerEraser,
  ) {
    super(POLL_MS);
  }

  override async runOnce(): Promise<number> {
    const [due] = (await this.db.query(
      `UPDATE tributary.customer_erasure e SET due_at = now() + $1::interval
         FROM (SELECT workspace_id, account, customer_id FROM tributary.customer_erasure
                WHERE due_at <= now() ORDER BY due_at LIMIT $2 FOR UPDATE SKIP LOCKED) AS d
        WHERE e.workspace_id = d.workspace_id AND e.account = d.account AND e.customer_id = d.customer_id
        RETURNING e.workspace_id, e.account, e.customer_id, e.due_at::text AS due_at`,
      [LEASE, CLAIM_SIZE],
    )) as [DueErasure[], number];
    for (const erasure of due) {
      try {
        await this.work(erasure);
      } catch (error) {
        // Its lease ends by itself; the others need not wait for it.
        this.log.error({ message: `the erased customer ${erasure.customer_id} could not be gone through`, error });
      }
    }
    return due.length;
  }

  protected override onFailure(error: unknown): void {
    this.log.error({ message: 'erased customers could not be gone through; trying again', error });
  }

  private async work({ workspace_id, account, customer_id, due_at }: DueErasure): Promise<void> {
    await this.eraser.erase({ workspaceId: workspace_id, account, customerId: customer_id });
    // What came meanwhile has set another time, and is looked at then.
    await this.db.query(
      `UPDATE tributary.customer_erasure SET due_at = NULL
        WHERE workspace_id = $1 AND account = $2 AND customer_id = $3 AND due_at = $4::timestamptz`,
      [workspace_id, account, customer_id, due_at],
    );
  }
}
