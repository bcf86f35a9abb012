import { createHash } from 'node:crypto';
import { Injectable, Logger } from '@nestjs/common';
import type { OnApplicationBootstrap, OnApplicationShutdown } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { DomainError } from '../common/errors.js';
import { ApiKeysService } from './api-keys.service.js';
import { RateWindow } from './rate-window.js';
import type { RateLimit } from './rate-window.js';

export type RateKind = 'key' | 'address' | 'failed_auth' | 'guesses_of_key' | 'guesses_from_address';

/** How often a key and an address may call. Injected by this class, so that a test or a larger house can give other figures. */
export class AccessLimits {
  readonly key: RateLimit = { windowMs: 10_000, hitsMax: 3_000 };
  readonly address: RateLimit = { windowMs: 10_000, hitsMax: 6_000 };
  readonly failed_auth: RateLimit = { windowMs: 60_000, hitsMax: 10 };
  /** Unknown codes: what a key tries for the customers of a whole company, and what strangers try. */
  readonly guesses_of_key: RateLimit = { windowMs: 60_000, hitsMax: 600 };
  readonly guesses_from_address: RateLimit = { windowMs: 60_000, hitsMax: 30 };

  constructor(figures: Partial<Record<RateKind, RateLimit>> = {}) {
    Object.assign(this, figures);
  }
}

const LEVEL_EVERY_MS = 1_000;
const PURGE_EVERY_LEVELS = 60;
/** A flood of addresses must not fill the memory; beyond this the oldest buckets are forgotten. */
const BUCKETS_MAX = 50_000;
/** One statement a second, however many addresses there are. */
const LEVELLED_AT_ONCE_MAX = 1_000;

interface LevelledRow {
  bucket: string;
  window_start: string;
  hits: number;
}

/**
 * Counts in this process, so that a limit costs no query, and levels the counts with the other replicas through PostgreSQL
 * about every second. Without a database each replica goes on with what it counted itself.
 */
@Injectable()
export class RateLimitsService implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(RateLimitsService.name);
  private readonly windows = new Map<string, RateWindow>();
  private timer?: NodeJS.Timeout;
  private levelling: Promise<void> = Promise.resolve();
  private levels = 0;

  constructor(
    private readonly db: DataSource,
    private readonly limits: AccessLimits,
    private readonly keys: ApiKeysService,
  ) {}

  /** Counts one hit, or throws `rate_limited` without counting it. */
  take(kind: RateKind, subject: string): void {
    this.check(kind, subject);
    this.count(kind, subject);
  }

  /** Throws `rate_limited` when one more hit would be too many. */
  check(kind: RateKind, subject: string): void {
    const now = Date.now();
    const window = this.windows.get(`${kind}:${subject}`);
    if (!window || window.hitsAt(now) + 1 <= this.limits[kind].hitsMax) return;
    throw tooMany(kind, window.retryAfterSeconds(now));
  }

  count(kind: RateKind, subject: string): void {
    this.windowOf(kind, subject).add(Date.now());
  }

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => {
      this.levelling = this.levelling.then(() => this.tick());
    }, LEVEL_EVERY_MS).unref();
  }

  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await this.levelling;
    await this.tick();
  }

  /** Tells the other replicas what was counted here and learns what they counted. */
  async level(): Promise<void> {
    const taken = this.takeUnsent();
    if (taken.size === 0) return;
    const shares = [...taken].map(([bucket, { window, hits }]) => ({ bucket, at: window.windowStart, hits }));
    try {
      for (const row of await this.store(shares)) {
        taken.get(row.bucket)?.window.level(Number(row.window_start), row.hits);
      }
    } catch (error) {
      for (const { window, hits, start } of taken.values()) window.untake(start, hits);
      throw error;
    }
  }

  private async tick(): Promise<void> {
    try {
      await this.level();
      await this.keys.recordUses();
      if (this.levels++ % PURGE_EVERY_LEVELS === 0) await this.purge();
    } catch (error) {
      this.logger.debug(`limits are counted by this process alone for now: ${String(error)}`);
    }
  }

  private takeUnsent(): Map<string, { window: RateWindow; hits: number; start: number }> {
    const taken = new Map<string, { window: RateWindow; hits: number; start: number }>();
    const now = Date.now();
    for (const [name, window] of this.windows) {
      if (window.isOver(now)) this.windows.delete(name);
      if (taken.size >= LEVELLED_AT_ONCE_MAX) continue;
      const hits = window.takeUnsent();
      if (hits > 0) taken.set(bucketOf(name), { window, hits, start: window.windowStart });
    }
    return taken;
  }

  /** Sorted by key, so that two replicas cannot deadlock. */
  private store(shares: { bucket: string; at: number; hits: number }[]): Promise<LevelledRow[]> {
    return this.db.query<LevelledRow[]>(
      `INSERT INTO tributary.rate_counter AS c (bucket, window_start, hits)
       SELECT s.bucket, to_timestamp(s.at / 1000.0), s.hits
         FROM jsonb_to_recordset($1::jsonb) AS s(bucket text, at bigint, hits integer)
        ORDER BY 1, 2
       ON CONFLICT (bucket, window_start) DO UPDATE SET hits = c.hits + excluded.hits
       RETURNING bucket, (extract(epoch FROM window_start) * 1000)::bigint::text AS window_start, hits`,
      [JSON.stringify(shares)],
    );
  }

  private async purge(): Promise<void> {
    const longestMs = Math.max(...Object.values(this.limits).map((limit: RateLimit) => limit.windowMs));
    const before = new Date(Date.now() - 2 * longestMs);
    await this.db.query(`DELETE FROM tributary.rate_counter WHERE window_start < $1`, [before]);
  }

  private windowOf(kind: RateKind, subject: string): RateWindow {
    const name = `${kind}:${subject}`;
    const known = this.windows.get(name);
    if (known) return known;
    const oldest = this.windows.size >= BUCKETS_MAX ? this.windows.keys().next().value : undefined;
    if (oldest !== undefined) this.windows.delete(oldest);
    const window = new RateWindow(this.limits[kind]);
    this.windows.set(name, window);
    return window;
  }
}

/** Addresses are personal data: the table only sees a digest of them. */
function bucketOf(name: string): string {
  return createHash('sha256').update(name).digest('base64url').slice(0, 22);
}

function tooMany(kind: RateKind, retryAfterSeconds: number): DomainError {
  const of = {
    key: 'of this API key',
    address: 'from this address',
    failed_auth: 'with a wrong API key from this address',
    guesses_of_key: 'with unknown codes of this API key',
    guesses_from_address: 'with unknown codes from this address',
  }[kind];
  return new DomainError(
    'rate_limited',
    'rate_limited',
    `too many requests ${of}; try again in ${retryAfterSeconds} s`,
    {
      retryAfterSeconds,
    },
  );
}
