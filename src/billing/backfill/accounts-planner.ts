import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { StripeGateway } from '../../stripe/stripe-gateway.service.js';
import { tasksOfAccount, typesToList } from './backfill-plan.js';
import { Meter } from './list-walk.js';
import { unchangedStep, type FoundTask, type Piece } from './piece.js';
import type { ClaimedTask, JobFacts } from './task.js';

/** Makes the tasks of the connected accounts, once the list of them was read. */
@Injectable()
export class AccountsPlanner {
  constructor(
    private readonly db: DataSource,
    private readonly stripe: StripeGateway,
  ) {}

  async *pieces(task: ClaimedTask): AsyncGenerator<Piece, void, undefined> {
    const meter = new Meter();
    const own = await this.stripe.get(task.job.workspaceId, '/v1/account', { priority: 'bulk', meter });
    const accounts = (await this.connected(task.job)).filter((id) => id !== own.body.id);
    const types = typesToList(task.job.types);
    const found = accounts.flatMap((account) =>
      tasksOfAccount(types, account).map(({ table, rule, after }) => taskOf(task.job, { account, table, rule, after })),
    );
    const step = { ...unchangedStep(task), state: 'done' as const, remaining: 0, found };
    yield { task, listed: [], expanded: [], requests: meter.take(), step };
  }

  /** Held ones that live, of both versions of the API; in a dry run also those that it met. */
  private async connected({ id, workspaceId }: JobFacts): Promise<string[]> {
    const rows = await this.db.query<Array<{ id: string }>>(
      `SELECT id FROM stripe.accounts WHERE workspace_id = $1 AND account = '' AND deleted_at IS NULL
       UNION SELECT id FROM stripe.v2_core_accounts WHERE workspace_id = $1 AND account = '' AND deleted_at IS NULL
       UNION SELECT id FROM tributary.backfill_seen
              WHERE backfill_id = $2 AND account = '' AND object_table IN ('accounts', 'v2_core_accounts')
       ORDER BY id`,
      [workspaceId, id],
    );
    return rows.map((row) => row.id);
  }
}

/** A task of a job as it begins; `since` narrows lists that go by creation. */
export function taskOf(
  { since }: Pick<JobFacts, 'since'>,
  task: Pick<FoundTask, 'account' | 'table' | 'rule' | 'after'>,
): FoundTask {
  return { ...task, parent: null, createdFrom: since, createdTo: null, cursor: null, remaining: null };
}
