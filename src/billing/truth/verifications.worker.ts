import { Injectable, Logger } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { DataSource } from 'typeorm';
import { WorkspacesService } from '../../access/workspaces.service.js';
import { PollingWorker } from '../../common/background-worker.js';
import { failureCodeOf } from '../../stripe/failure.js';
import { AccountComparisons, type ComparisonOrder } from './account-comparisons.service.js';

const POLL_MS = 1_000;
/** Longer than any answer of Stripe's takes; kept up with each of them. */
const LEASE_SECONDS = 180;
const KEEP_EVERY_MS = 10_000;
const MAX_ATTEMPTS = 5;

interface Claimed {
  workspace_id: string;
  id: string;
  account: string;
  types: string[] | null;
  sample: number | null;
  repair: boolean;
  attempts: number;
}

/** Does the verifications that were asked for. One whose process died is begun anew. */
@Injectable()
export class VerificationsWorker extends PollingWorker {
  readonly name = 'verifications';
  private readonly log = new Logger('Verification');

  constructor(
    private readonly db: DataSource,
    private readonly workspaces: WorkspacesService,
    private readonly comparisons: AccountComparisons,
  ) {
    super(POLL_MS);
  }

  override async runOnce(): Promise<number> {
    const home = await this.workspaces.ensureHome();
    const token = randomUUID();
    const [rows] = (await this.db.query(CLAIM, [home.id, LEASE_SECONDS, token])) as [Claimed[], number];
    for (const claimed of rows) await this.work(claimed, token);
    return rows.length;
  }

  protected override onFailure(error: unknown): void {
    this.log.error({ message: 'verifications could not be worked on; trying again', error });
  }

  private async work(claimed: Claimed, token: string): Promise<void> {
    let keptAt = performance.now();
    const onProgress = async (): Promise<void> => {
      if (this.isStopping) throw new Error('the service is stopping');
      if (performance.now() - keptAt < KEEP_EVERY_MS) return;
      keptAt = performance.now();
      await this.update(claimed, token, `available_at = now() + ${LEASE_SECONDS} * interval '1 second'`, []);
    };
    try {
      const result = await this.comparisons.run(orderOf(claimed, onProgress));
      await this.update(claimed, token, DONE, [JSON.stringify(result)]);
    } catch (error) {
      await this.afterFailure(claimed, token, error);
    }
  }

  private async afterFailure(claimed: Claimed, token: string, error: unknown): Promise<void> {
    if (this.isStopping) return this.update(claimed, token, GIVEN_BACK, []);
    const failed = claimed.attempts >= MAX_ATTEMPTS;
    this.log.error({
      message: `verification ${claimed.id} broke off${failed ? ' for good' : '; it begins anew'}`,
      error,
    });
    await this.update(claimed, token, failed ? FAILED : AGAIN, [failureCodeOf(error)]);
  }

  private async update(claimed: Claimed, token: string, set: string, parameters: readonly unknown[]): Promise<void> {
    const [, count] = (await this.db.query(
      `UPDATE tributary.verification SET ${set} WHERE workspace_id = $1 AND id = $2 AND lease_token = $3`,
      [claimed.workspace_id, claimed.id, token, ...parameters],
    )) as [unknown, number];
    if (count === 0) throw new Error(`the lease on verification ${claimed.id} was lost`);
  }
}

function orderOf(claimed: Claimed, onProgress: () => Promise<void>): ComparisonOrder {
  const { workspace_id: workspaceId, account, types, sample, repair } = claimed;
  return { workspaceId, account: account === '' ? null : account, types, sample, repair, onProgress };
}

const DONE = `state = 'done', result = $4::jsonb, finished_at = now(), error = NULL, lease_token = NULL`;
const FAILED = `state = 'failed', error = $4, finished_at = now(), lease_token = NULL`;
/** Whoever comes next begins anew; that this process stops is no failure of the comparison's. */
const GIVEN_BACK = `attempts = attempts - 1, lease_token = NULL, available_at = now()`;
const AGAIN = `error = $4, lease_token = NULL, available_at = now() + interval '15 seconds'`;

const CLAIM = `
  UPDATE tributary.verification v
     SET attempts = v.attempts + 1, available_at = now() + $2 * interval '1 second', lease_token = $3
    FROM (SELECT workspace_id, id FROM tributary.verification
           WHERE state = 'pending' AND workspace_id = $1 AND available_at <= now()
           ORDER BY created_at LIMIT 1 FOR UPDATE SKIP LOCKED) AS due
   WHERE v.workspace_id = due.workspace_id AND v.id = due.id
  RETURNING v.workspace_id, v.id, v.account, v.types, v.sample, v.repair, v.attempts`;
