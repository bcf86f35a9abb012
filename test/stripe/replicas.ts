import { StripeSandbox } from '../../sandbox/stripe-sandbox.js';
import { createDataSource } from '../../ormconfig.js';
import { WorkspacesService } from '../../src/access/workspaces.service.js';
import { Metrics } from '../../src/common/metrics.js';
import { loadConfig } from '../../src/config/app-config.js';
import type { RequestPriority } from '../../src/stripe/slot-schedule.js';
import { StripeGateway } from '../../src/stripe/stripe-gateway.service.js';
import { StripeLimits, type StripeFigures } from '../../src/stripe/stripe-limits.js';
import { StripeMetrics } from '../../src/stripe/stripe-metrics.js';
import { openTestDatabase, type OpenTestDatabase } from '../support/test-database.js';

/** More endpoints than the limit of each leaves unused of the limit of all. */
export const LISTS = [
  '/v1/charges',
  '/v1/customers',
  '/v1/invoices',
  '/v1/prices',
  '/v1/products',
  '/v1/subscriptions',
] as const;

export interface Replica {
  gateway: StripeGateway;
  workspaceId: string;
  metrics: Metrics;
  stop(): Promise<void>;
}

export interface Arrival {
  atMs: number;
  path: string;
  query: string;
}

/** The sandbox and a database, and as many gateways before them as a test wants, each with connections of its own. */
export class Replicas {
  /** Every request, by the time at which the server got it. */
  readonly arrivals: Arrival[] = [];
  private readonly running: Replica[] = [];

  private constructor(
    readonly sandbox: StripeSandbox,
    readonly database: OpenTestDatabase,
  ) {
    const add = sandbox.requests.add.bind(sandbox.requests);
    sandbox.requests.add = (entry) => {
      this.arrivals.push({ atMs: performance.now(), path: entry.path, query: entry.query });
      add(entry);
    };
  }

  static async open(): Promise<Replicas> {
    return new Replicas(await StripeSandbox.start(), await openTestDatabase());
  }

  async start(
    figures: Partial<StripeFigures> & Pick<StripeFigures, 'requestsPerSecond'>,
    { databaseUrl = this.database.url, key = 'sk_test_replica', apiBase = this.sandbox.url } = {},
  ): Promise<Replica> {
    const config = loadConfig({ STRIPE_SECRET_KEY: key, STRIPE_API_BASE: apiBase, DATABASE_URL: databaseUrl });
    const db = await createDataSource({ url: databaseUrl, applicationName: 'tributary-test' }).initialize();
    const workspaces = new WorkspacesService(db, config);
    const metrics = new Metrics();
    const limits = new StripeLimits(figures);
    const gateway = new StripeGateway(config, workspaces, db, limits, new StripeMetrics(metrics));
    await gateway.onModuleInit();
    const replica = {
      gateway,
      workspaceId: (await workspaces.ensureHome()).id,
      metrics,
      stop: async () => {
        gateway.onApplicationShutdown();
        if (db.isInitialized) await db.destroy();
      },
    };
    this.running.push(replica);
    return replica;
  }

  /** Between tests: the limits of one are not those of the next. */
  async reset(): Promise<void> {
    for (const replica of this.running.splice(0)) await replica.stop();
    this.sandbox.faults.clear();
    this.sandbox.requests.clear();
    this.arrivals.length = 0;
    await this.database.dataSource.query(`TRUNCATE tributary.stripe_limit, tributary.stripe_replica`);
  }

  async close(): Promise<void> {
    for (const replica of this.running) await replica.stop();
    await this.sandbox.stop();
    await this.database.drop();
  }
}

/** Lists, side by side, until the time is over. `mark` is the page size, by which the server's log tells who asked. */
export async function flood(
  { gateway, workspaceId }: Replica,
  { priority, forMs, mark, abreast = 40 }: { priority: RequestPriority; forMs: number; mark: number; abreast?: number },
): Promise<void> {
  const until = performance.now() + forMs;
  let turn = 0;
  const work = async (): Promise<void> => {
    while (performance.now() < until) {
      const path = LISTS[turn++ % LISTS.length] ?? LISTS[0];
      await gateway.get(workspaceId, `${path}?limit=${mark}`, { priority });
    }
  };
  await Promise.all(Array.from({ length: abreast }, work));
}

/** How many requests the stretch holds. */
export const countWithin = (arrivals: readonly Arrival[], fromMs: number, toMs: number): number =>
  arrivals.filter(({ atMs }) => atMs >= fromMs && atMs < toMs).length;

/** The most that any stretch of that length holds. */
export const mostWithin = (arrivals: readonly Arrival[], lengthMs: number): number =>
  Math.max(0, ...arrivals.map(({ atMs }) => countWithin(arrivals, atMs, atMs + lengthMs)));
