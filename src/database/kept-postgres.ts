import { setTimeout as sleep } from 'node:timers/promises';
import { startEmbeddedPostgres, type EmbeddedPostgres, type EmbeddedPostgresOptions } from './embedded-postgres.js';
import { isAlive } from './postmaster-pid.js';

const LOOK_MS = 500;
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5_000;

/**
 * An embedded PostgreSQL that is started again, on the same port, when it ends while this process goes on. What was under
 * way fails with the connection, and PostgreSQL recovers what was committed; the pools connect anew by themselves.
 */
export class KeptPostgres {
  private isStopped = false;
  private readonly watching: Promise<void>;
  private readonly wake = new AbortController();

  private constructor(
    private server: EmbeddedPostgres,
    private readonly options: EmbeddedPostgresOptions,
  ) {
    this.watching = this.watch();
  }

  static async start(options: EmbeddedPostgresOptions): Promise<KeptPostgres> {
    return new KeptPostgres(await startEmbeddedPostgres(options), options);
  }

  get url(): string {
    return this.server.url;
  }

  get pid(): number {
    return this.server.pid;
  }

  /** Shuts the server down, if it is ours, and waits for it. */
  async stop(): Promise<void> {
    this.isStopped = true;
    this.wake.abort();
    await this.watching;
    await this.server.stop();
  }

  private async watch(): Promise<void> {
    while (!this.isStopped) {
      await this.pause(LOOK_MS);
      if (!this.isStopped && !isAlive(this.server.pid)) await this.startAgain();
    }
  }

  private async startAgain(): Promise<void> {
    const { log = () => undefined } = this.options;
    log(`PostgreSQL (process ${this.server.pid}) has ended; it is started again`);
    for (let pauseMs = FIRST_PAUSE_MS; !this.isStopped; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
      try {
        this.server = await startEmbeddedPostgres({ ...this.options, port: this.server.port });
        return log(`PostgreSQL runs again (process ${this.server.pid})`);
      } catch (error) {
        // Its last children may still hold the memory that they shared.
        log(`PostgreSQL does not start yet: ${error instanceof Error ? error.message : String(error)}`);
        await this.pause(pauseMs);
      }
    }
  }

  private async pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.wake.signal, ref: false }).catch(() => undefined);
  }
}
