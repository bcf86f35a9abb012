import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { AdjustableClock } from '../src/common/clock.js';
import { controlRoutes } from './control/control-routes.js';
import { nextInstant, runInstant } from './control/due-work.js';
import { Operations } from './control/operations.js';
import { World } from './core/world.js';
import { assertSandboxAllowed, type Surroundings } from './guard.js';
import { Faults } from './http/faults.js';
import { IdempotencyKeys } from './http/idempotency.js';
import { RateLimiter, type Limits } from './http/rate-limiter.js';
import { RequestLog } from './http/request-log.js';
import { Router } from './http/router.js';
import { ApiServer } from './http/server.js';
import { allRoutes, includes } from './resources/all-routes.js';
import { StateFile, type SavedState } from './state-file.js';
import type { Deliveries, DeliveryOptions } from './webhooks/deliveries.js';

export interface SandboxOptions extends Surroundings {
  /** 0 takes any free one. */
  port?: number;
  host?: '127.0.0.1' | '::1' | 'localhost';
  clock?: AdjustableClock;
  /** Where the state is kept over restarts. */
  stateFile?: string;
  /** Of everything random but ids: faults by rate, shuffles, drops. */
  seed?: number;
  delivery?: DeliveryOptions;
  /** Stripe's limits and latency; none when absent. */
  limits?: Limits;
}

/** How often (real time) work that became due by the passing of time is done. */
const TICK_MS = 1_000;
const MAX_STEPS = 100_000;
const KEEP_ALIVE_MS = 65_000;

/**
 * A stateful stand-in for Stripe on loopback. The SDK talks to it with
 * `new Stripe('sk_test_…', { host, port, protocol: 'http', telemetry: false })`.
 */
export class StripeSandbox extends Operations {
  readonly faults: Faults;
  readonly requests = new RequestLog();
  readonly limiter: RateLimiter;
  readonly clock: AdjustableClock;
  private readonly idempotency = new IdempotencyKeys();
  private readonly server: http.Server;
  private readonly stateFile: StateFile | null;
  private ticker: NodeJS.Timeout | null = null;
  private frozen = false;
  private tickFailure: unknown = null;
  private advancing: Promise<void> = Promise.resolve();

  private constructor(private readonly options: SandboxOptions) {
    const clock = options.clock ?? new AdjustableClock();
    const seed = options.seed ?? 1;
    super(new World(clock, { seed, ...options.delivery }));
    this.clock = clock;
    this.faults = new Faults(seed);
    this.limiter = new RateLimiter(options.limits);
    const api = new ApiServer({
      world: this.world,
      router: new Router(allRoutes),
      includes,
      idempotency: this.idempotency,
      faults: this.faults,
      requests: this.requests,
      limiter: this.limiter,
      control: controlRoutes(this),
    });
    this.server = http.createServer((request, response) => {
      api.handle(request, response).catch((error: unknown) => response.destroy(error as Error));
    });
    // A client must not reuse a connection in the moment in which it is closed for idleness.
    this.server.keepAliveTimeout = KEEP_ALIVE_MS;
    this.stateFile = options.stateFile ? new StateFile(options.stateFile, () => this.state()) : null;
  }

  /** Throws in production and beside a live key. */
  static async start(options: SandboxOptions = {}): Promise<StripeSandbox> {
    assertSandboxAllowed(options);
    const sandbox = new StripeSandbox(options);
    await sandbox.open();
    return sandbox;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get host(): string {
    return this.options.host ?? '127.0.0.1';
  }

  get url(): string {
    return `http://${this.host.includes(':') ? `[${this.host}]` : this.host}:${this.port}`;
  }

  get deliveries(): Deliveries {
    return this.world.deliveries;
  }

  /** Moves time forward; everything that becomes due happens in order, each at its own instant. */
  async advance(seconds: number): Promise<void> {
    if (!(seconds >= 0)) throw new RangeError(`Time goes forward only, not by ${seconds} seconds.`);
    await this.advanceTo(new Date(this.clock.now().getTime() + seconds * 1_000));
  }

  advanceTo(instant: Date): Promise<void> {
    if (this.tickFailure) return Promise.reject(new Error('Work that was due failed.', { cause: this.tickFailure }));
    const run = this.advancing.then(() => this.runUntil(instant));
    // One after the other; a failure belongs to its own caller only.
    this.advancing = run.catch(() => undefined);
    return run;
  }

  /** Sets the time without doing what lies between; the next tick does what is due by then. */
  setClock(instant: Date): void {
    this.clock.set(instant);
    this.stateFile?.changed();
  }

  /** Time stands still from now on and moves only by `advance`. */
  freezeClock(instant?: Date): void {
    this.clock.freeze(instant);
    this.frozen = true;
    this.stateFile?.changed();
  }

  /** Resolves when no delivery is under way or waits for another attempt. */
  idle(): Promise<void> {
    return this.deliveries.idle();
  }

  /** Closes the port, stops delivering and saves the state. */
  async stop(): Promise<void> {
    if (this.ticker) clearInterval(this.ticker);
    await this.advancing;
    this.deliveries.stop();
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
    this.stateFile?.write();
  }

  private async open(): Promise<void> {
    const saved = this.options.stateFile ? StateFile.read(this.options.stateFile) : null;
    if (saved) this.load(saved);
    this.world.platformAccount();
    this.world.store.onChange(() => this.stateFile?.changed());
    await new Promise<void>((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(this.options.port ?? 0, this.host, resolve);
    });
    this.ticker = setInterval(() => void this.tick(), TICK_MS).unref();
  }

  /** A failure here has no caller; the next one who moves the clock gets it. */
  private async tick(): Promise<void> {
    try {
      await this.advanceTo(this.clock.now());
    } catch (error) {
      if (this.ticker) clearInterval(this.ticker);
      this.tickFailure = error;
    }
  }

  private async runUntil(instant: Date): Promise<void> {
    const until = Math.floor(instant.getTime() / 1_000);
    let from = this.world.now();
    for (let step = 0; step < MAX_STEPS; step++) {
      const next = nextInstant(this.world, from, until);
      if (next === null) break;
      if (next > this.world.now()) this.clock.set(new Date(next * 1_000));
      runInstant(this.world, next, from);
      from = Math.max(from, next);
      await nextTurn();
    }
    if (instant > this.clock.now()) this.clock.set(instant);
    this.idempotency.forgetExpired(this.world.now());
    this.stateFile?.changed();
  }

  private state(): SavedState {
    return {
      version: 1,
      clock: { offsetMs: this.clock.now().getTime() - Date.now(), frozen: this.frozen },
      store: this.world.store.save(),
      idempotency: this.idempotency.dump(),
      deliveries: this.deliveries.unfinished(),
    };
  }

  private load(saved: SavedState): void {
    this.world.store.load(saved.store);
    this.idempotency.load(saved.idempotency);
    const instant = new Date(Date.now() + saved.clock.offsetMs);
    if (saved.clock.frozen) this.freezeClock(instant);
    else this.clock.set(instant);
    this.deliveries.restore(saved.deliveries);
  }
}
