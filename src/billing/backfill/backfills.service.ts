import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { canonicalJson } from '../../common/canonical-json.js';
import { Clock } from '../../common/clock.js';
import { DomainError, invalidField } from '../../common/errors.js';
import { newId } from '../../common/ids.js';
import { StripeGateway } from '../../stripe/stripe-gateway.service.js';
import { PLATFORM } from '../mirror/connected-accounts.service.js';
import { typeOfTable } from '../objects/registry.js';
import { unknownTypeText } from '../objects/unknown-type.js';
import { taskOf } from './accounts-planner.js';
import { firstTasks, isReachable, tasksOfAccount, typesToList } from './backfill-plan.js';
import { BackfillTasks } from './backfill-tasks.js';
import { Backfill } from './backfill.entity.js';
import { BackfillsReader } from './backfills-reader.service.js';
import { Backfills } from './backfills.repository.js';
import type { BackfillView, CreateBackfillDto } from './dto/backfill.dto.js';

/** Orders backfills. The worker does them. */
@Injectable()
export class BackfillsService {
  constructor(
    private readonly db: DataSource,
    private readonly stripe: StripeGateway,
    private readonly jobs: Backfills,
    private readonly tasks: BackfillTasks,
    private readonly reader: BackfillsReader,
    private readonly clock: Clock,
  ) {}

  /** Errors: `backfill_running` when the same one runs, `unknown_type`, `since_in_future`, `stripe_not_configured`. */
  async create(workspaceId: string, order: CreateBackfillDto, tx: EntityManager): Promise<BackfillView> {
    this.check(workspaceId, order);
    const { since, types, account, dryRun = false } = order;
    const id = newId('bfl');
    const scope = scopeOf(order);
    const rows = (await tx.query(
      `INSERT INTO tributary.backfill (id, workspace_id, dry_run, since, types, account, scope, created_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
       ON CONFLICT (workspace_id, scope) WHERE state = 'running' DO NOTHING RETURNING id`,
      [id, workspaceId, dryRun, since ?? null, types ?? null, account ?? null, scope, this.clock.now()],
    )) as unknown[];
    if (rows.length === 0) throw await this.alreadyRunning(workspaceId, scope, tx);
    const facts = { since: since === undefined ? null : Math.floor(since.getTime() / 1_000) };
    const planned = firstTasks(types ?? null, account ?? null).map((task) => taskOf(facts, task));
    await this.tasks.add(id, planned, tx);
    return this.reader.get(workspaceId, id, tx);
  }

  /** The one that runs and was ordered with the same words, or null. */
  async findRunning(workspaceId: string, order: CreateBackfillDto): Promise<string | null> {
    const found = await this.db
      .getRepository(Backfill)
      .findOneBy({ workspaceId, scope: scopeOf(order), state: 'running' });
    return found?.id ?? null;
  }

  /** The newest one that was not finished, or null. */
  async findUnfinished(workspaceId: string): Promise<string | null> {
    const found = await this.db
      .getRepository(Backfill)
      .findOne({ where: { workspaceId, state: 'running' }, order: { id: 'DESC' } });
    return found?.id ?? null;
  }

  /** What was written stays. Safe to repeat. Errors: `backfill_not_found`, `backfill_finished`. */
  async cancel(workspaceId: string, id: string, tx: EntityManager): Promise<BackfillView> {
    const canceled = await this.jobs.cancel(workspaceId, id, tx);
    const view = await this.reader.get(workspaceId, id, tx);
    if (!canceled && view.state !== 'canceled') {
      const text = `backfill ${id} is ${view.state} already; there is nothing left to cancel`;
      throw new DomainError('conflict', 'backfill_finished', text, { field: 'id' });
    }
    return view;
  }

  private check(workspaceId: string, { types = [], account, since }: CreateBackfillDto): void {
    if (!this.stripe.isConfigured(workspaceId)) {
      throw new DomainError(
        'unavailable',
        'stripe_not_configured',
        'a backfill asks Stripe, and no key is configured: set STRIPE_SECRET_KEY and start again',
      );
    }
    for (const table of types) checkType(table);
    if (since !== undefined && since > this.clock.now()) {
      throw invalidField('since', 'since_in_future', `since is ${since.toISOString()}, which is still to come`);
    }
    const isOfAccount = account !== undefined && account !== PLATFORM;
    if (isOfAccount && tasksOfAccount(typesToList(types.length === 0 ? null : types), account).length === 0) {
      const text = `${types.join(', ')} are the platform's own: leave account out, or choose other types`;
      throw invalidField('account', 'platform_types', text);
    }
  }

  private async alreadyRunning(workspaceId: string, scope: string, tx: EntityManager): Promise<DomainError> {
    const running = await tx.getRepository(Backfill).findOneBy({ workspaceId, scope, state: 'running' });
    const text = `the same backfill runs already${running === null ? '' : `: ${running.id}`}; watch it, or cancel it first`;
    return new DomainError('conflict', 'backfill_running', text);
  }
}

function checkType(table: string): void {
  const type = typeOfTable(table);
  if (type === null) throw invalidField('types', 'unknown_type', unknownTypeText(table));
  if (!isReachable(type)) {
    const text = `Stripe lists no ${table}; only webhooks bring them`;
    throw invalidField('types', 'not_listable', text);
  }
}

/** The order as one text. The order of the types does not matter. */
function scopeOf({ types, account, since, dryRun = false }: CreateBackfillDto): string {
  return canonicalJson({
    types: types === undefined ? null : [...types].sort(),
    account: account ?? null,
    since: since?.toISOString() ?? null,
    dryRun,
  });
}
