import { Injectable, Logger } from '@nestjs/common';
import type { Counter } from 'prom-client';
import { DataSource } from 'typeorm';
import { WorkspacesService } from '../../access/workspaces.service.js';
import { PollingWorker } from '../../common/background-worker.js';
import { Metrics } from '../../common/metrics.js';
import { failureCodeOf } from '../../stripe/failure.js';
import { StripeGateway } from '../../stripe/stripe-gateway.service.js';
import { AwaitedObjects, type AwaitedGroup } from '../mirror/awaited-objects.js';
import { ConnectedAccounts } from '../mirror/connected-accounts.service.js';
import { RefetchQueue } from '../mirror/refetch-queue.js';
import { ListFollower } from './list-follower.service.js';
import { ListFollowsRepository, type ClaimedFollow } from './list-follows.repository.js';
import { listRefusalOf } from './list-refusal.js';

const TICK_MS = 1_000;
/** Accounts come rarely. */
const ENSURE_EVERY_MS = 60_000;
/** One payment is told in several events, and many customers pay at once: one look answers for all of them. */
const GATHER_MS = 1_000;
const PAUSE_AFTER_FAILURE_SECONDS = 15;
/** A key without the permission, an account without the product: asked again, and not often. */
const PAUSE_AFTER_REFUSAL_SECONDS = 3_600;

/**
 * Has lists of what Stripe sends no events about read on when it is time, and sooner when something that was written names
 * an object of theirs that is not held. Without a key for Stripe it does nothing.
 */
@Injectable()
export class ListFollowWorker extends PollingWorker {
  readonly name = 'list-follow';
  private readonly log = new Logger('Follow');
  private readonly awaited = new AwaitedObjects();
  private readonly told = new Set<string>();
  private readonly looks: Counter<'object' | 'outcome'>;
  private readonly objects: Counter<'object'>;
  private nextEnsureAt = 0;
  /** Whose lists are followed; those that are gone are not asked about any more. */
  private accounts: string[] = [];

  constructor(
    private readonly db: DataSource,
    private readonly workspaces: WorkspacesService,
    private readonly stripe: StripeGateway,
    private readonly connected: ConnectedAccounts,
    private readonly follows: ListFollowsRepository,
    private readonly follower: ListFollower,
    refetches: RefetchQueue,
    metrics: Metrics,
  ) {
    super(TICK_MS);
    refetches.onNamed((named) => this.awaited.note(named, performance.now()));
    this.looks = metrics.counter({
      name: 'tributary_list_follows_total',
      help: 'Looks at Stripe’s lists of what it sends no events about',
      labelNames: ['object', 'outcome'],
    });
    this.objects = metrics.counter({
      name: 'tributary_list_followed_objects_total',
      help: 'Objects that were written because a list was followed',
      labelNames: ['object'],
    });
  }

  override async runOnce(): Promise<number> {
    const { id } = await this.workspaces.ensureHome();
    const awaited = this.awaited.takeUntil(performance.now() - GATHER_MS);
    if (!this.stripe.isConfigured(id)) return 0;
    if (performance.now() >= this.nextEnsureAt) {
      this.accounts = ['', ...(await this.connected.list(id))];
      await this.follows.ensure(id, this.accounts);
      this.nextEnsureAt = performance.now() + ENSURE_EVERY_MS;
    }
    for (const group of awaited) await this.hastenFor(group);
    const claimed = await this.follows.claim(id, this.accounts);
    await Promise.all(claimed.map((follow) => this.look(follow)));
    return claimed.length;
  }

  protected override onFailure(error: unknown): void {
    this.log.error({ message: 'Stripe’s lists could not be followed; trying again', error });
  }

  private async hastenFor({ workspaceId, account, type, ids }: AwaitedGroup): Promise<void> {
    const missing = (await this.db.query(
      `SELECT named.id FROM unnest($3::text[]) AS named(id)
        WHERE NOT EXISTS (SELECT FROM stripe.${type.table} m
                           WHERE m.workspace_id = $1 AND m.account = $2 AND m.id = named.id)`,
      [workspaceId, account, [...ids]],
    )) as Array<{ id: string }>;
    if (missing.length === 0 || (await this.follows.hasten(workspaceId, account, type))) return;
    const again = missing.map(({ id }) => ({ workspaceId, account, type, id }));
    this.awaited.note(again, performance.now());
  }

  private async look(follow: ClaimedFollow): Promise<void> {
    const object = follow.type.table;
    try {
      const { brought } = await this.follower.look(follow);
      this.looks.inc({ object, outcome: 'complete' });
      if (brought > 0) this.objects.inc({ object }, brought);
    } catch (error) {
      await this.afterFailure(follow, error);
    }
  }

  private async afterFailure(follow: ClaimedFollow, error: unknown): Promise<void> {
    const code = failureCodeOf(error);
    if (code === 'lease_lost') return;
    const { account, type } = follow;
    this.looks.inc({ object: type.table, outcome: 'failed' });
    const refusal = listRefusalOf(error);
    const key = `${account}/${type.table}/${code}`;
    // The same refusal, hour after hour, is told once; that an account does not have a product is no news at all.
    if (refusal === null || (refusal === 'denied' && !this.told.has(key))) {
      const whose = account === '' ? '' : ` of account ${account}`;
      this.log.warn(`${type.table}${whose} could not be listed: ${code}; new ones come later`);
    }
    this.told.add(key);
    await this.follows.fail(follow, code, refusal === null ? PAUSE_AFTER_FAILURE_SECONDS : PAUSE_AFTER_REFUSAL_SECONDS);
  }
}
