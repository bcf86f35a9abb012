import { Injectable, Logger } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import type { Counter } from 'prom-client';
import { DataSource } from 'typeorm';
import { WorkspacesService } from '../../access/workspaces.service.js';
import { PollingWorker } from '../../common/background-worker.js';
import { Metrics } from '../../common/metrics.js';
import { AppConfig } from '../../config/app-config.js';
import { failureCodeOf } from '../../stripe/failure.js';
import { StripeGateway } from '../../stripe/stripe-gateway.service.js';
import { ConnectedAccounts } from '../mirror/connected-accounts.service.js';
import { typeOfTable } from '../objects/registry.js';
import { Comparison } from './comparison.service.js';
import type { TypeComparison } from './comparison-result.js';
import { listedTypes } from './compared-types.js';

const TICK_MS = 30_000;
const ENSURE_EVERY_MS = 10 * 60_000;
/** Kept up while a type is gone through. */
const LEASE_SECONDS = 600;
const KEEP_EVERY_MS = 30_000;
/** A type is gone through once a day, or as often as the budget allows. */
const EVERY = `interval '24 hours'`;
const AGAIN_AFTER_FAILURE = `interval '30 minutes'`;

interface Claimed {
  workspace_id: string;
  account: string;
  object_table: string;
}

/**
 * Goes through everything that Stripe lists, one type after the other and within a budget of requests, and sets right what no
 * event told of: fields that Stripe changes silently, changes and deletions whose events were lost for good.
 */
@Injectable()
export class SweepWorker extends PollingWorker {
  readonly name = 'sweep';
  private readonly log = new Logger('Sweep');
  private readonly repaired: Counter<'object' | 'what'>;
  private nextEnsureAt = 0;
  /** Whose types are swept; those that are gone are not asked about any more. */
  private accounts: string[] = [];

  constructor(
    private readonly db: DataSource,
    private readonly config: AppConfig,
    private readonly workspaces: WorkspacesService,
    private readonly stripe: StripeGateway,
    private readonly connected: ConnectedAccounts,
    private readonly comparison: Comparison,
    metrics: Metrics,
  ) {
    super(TICK_MS);
    this.repaired = metrics.counter({
      name: 'tributary_sweep_found_total',
      help: 'Objects that the sweep found to be other than at Stripe and set right',
      labelNames: ['object', 'what'],
    });
  }

  override async runOnce(): Promise<number> {
    const { id } = await this.workspaces.ensureHome();
    if (!this.stripe.isConfigured(id) || this.config.sweepRequestsPerHour === 0) return 0;
    if (performance.now() >= this.nextEnsureAt) {
      await this.ensure(id);
      this.nextEnsureAt = performance.now() + ENSURE_EVERY_MS;
    }
    const token = randomUUID();
    const [claimed] = (
      (await this.db.query(CLAIM, [id, LEASE_SECONDS, token, this.accounts])) as [Claimed[], number]
    )[0];
    if (claimed === undefined) return 0;
    await this.sweep(claimed, token);
    return 1;
  }

  protected override onFailure(error: unknown): void {
    this.log.error({ message: 'the sweep broke off; trying again', error });
  }

  /** The first sweep of a type comes within a day of its being known, spread so that not all begin together. */
  private async ensure(workspaceId: string): Promise<void> {
    this.accounts = ['', ...(await this.connected.list(workspaceId))];
    for (const account of this.accounts) {
      const tables = listedTypes(account).map(({ table }) => table);
      await this.db.query(
        `INSERT INTO tributary.sweep (workspace_id, account, object_table, due_at)
         SELECT $1, $2, t, now() + random() * ${EVERY} FROM unnest($3::text[]) AS t ON CONFLICT DO NOTHING`,
        [workspaceId, account, tables],
      );
    }
  }

  private async sweep(claimed: Claimed, token: string): Promise<void> {
    let keptAt = performance.now();
    const onProgress = async (): Promise<void> => {
      if (this.isStopping) throw new Error('the service is stopping');
      if (performance.now() - keptAt < KEEP_EVERY_MS) return;
      keptAt = performance.now();
      await this.update(claimed, token, `due_at = now() + $5 * interval '1 second'`, [LEASE_SECONDS]);
    };
    try {
      const [result] = await this.compare(claimed, onProgress);
      if (result !== undefined) this.tell(claimed, result);
      await this.update(claimed, token, DONE, [JSON.stringify(result), result?.asOfSeconds ?? null]);
    } catch (error) {
      if (this.isStopping) return this.update(claimed, token, `due_at = now(), lease_token = NULL`, []);
      this.log.warn(`the sweep of ${claimed.object_table} broke off: ${failureCodeOf(error)}; it begins anew later`);
      await this.update(claimed, token, FAILED, [failureCodeOf(error)]);
    }
  }

  private async compare(claimed: Claimed, onProgress: () => Promise<void>): Promise<TypeComparison[]> {
    const type = typeOfTable(claimed.object_table);
    if (type === null) return [];
    return this.comparison.run({
      ...{ workspaceId: claimed.workspace_id, account: claimed.account, types: [type], sample: null, repair: true },
      ...{ priority: 'bulk', lanes: 1, requestsPerHour: this.config.sweepRequestsPerHour, asksForCovered: false },
      onProgress,
    });
  }

  private tell({ account, object_table: table }: Claimed, result: TypeComparison): void {
    for (const what of ['differ', 'missing', 'extra'] as const) {
      if (result[what] > 0) this.repaired.inc({ object: table, what }, result[what]);
    }
    if (result.differ + result.missing + result.extra === 0) return;
    this.log.warn(
      `${table}${account === '' ? '' : ` of account ${account}`}: ${result.differ} differed, ${result.missing} were missing, ` +
        `${result.extra} are gone at Stripe; ${result.repaired} set right (first: ${result.findings[0]?.id ?? ''})`,
    );
  }

  private async update(
    { workspace_id, account, object_table }: Claimed,
    token: string,
    set: string,
    parameters: unknown[],
  ) {
    await this.db.query(
      `UPDATE tributary.sweep SET ${set}
        WHERE workspace_id = $1 AND account = $2 AND object_table = $3 AND lease_token = $4`,
      [workspace_id, account, object_table, token, ...parameters],
    );
  }
}

const DONE = `finished_at = now(), result = $5::jsonb, listed_at = coalesce(to_timestamp($6), listed_at), error = NULL,
  lease_token = NULL, due_at = now() + ${EVERY}`;
const FAILED = `error = $5, lease_token = NULL, due_at = now() + ${AGAIN_AFTER_FAILURE}`;

/** One type at a time in the whole workspace, since the budget is one. */
const CLAIM = `
  UPDATE tributary.sweep s SET due_at = now() + $2 * interval '1 second', lease_token = $3, started_at = now()
    FROM (SELECT workspace_id, account, object_table FROM tributary.sweep
           WHERE workspace_id = $1 AND due_at <= now() AND account = ANY($4::text[])
             AND NOT EXISTS (SELECT 1 FROM tributary.sweep o
                              WHERE o.workspace_id = $1 AND o.lease_token IS NOT NULL AND o.due_at > now())
           ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED) AS due
   WHERE s.workspace_id = due.workspace_id AND s.account = due.account AND s.object_table = due.object_table
  RETURNING s.workspace_id, s.account, s.object_table`;
