import { randomUUID } from 'node:crypto';
import { Logger } from '@nestjs/common';
import type { DataSource } from 'typeorm';
import { CUT_EVERY_MS } from './adaptive-limit.js';
import {
  AHEAD_SECONDS,
  BURST_SECONDS,
  FLOOR_REACH_SECONDS,
  FLOOR_SHARE,
  SlotSchedule,
  type Ask,
  type Grant,
} from './slot-schedule.js';

/** A database that takes longer is treated as away for this lease; what it grants later is not used. */
const ANSWER_WITHIN_MS = 300;
/** After a failure the database is left alone for so long. */
const PAUSE_AFTER_FAILURE_MS = 1_000;
/** How often a process says that it is there, and after how long of silence it is no longer counted. */
const SEEN_EVERY_MS = 2_000;
const FORGOTTEN_AFTER_SECONDS = 10;

/** What is cut: how many requests a second, or how many at once. */
export type CutOf = 'rate' | 'flights';

/** A cut that another replica, or this one before, has noted. */
export interface NotedCut {
  /** '' for all requests. */
  endpoint: string;
  of: CutOf;
  to: number;
  ageSeconds: number;
}

export interface Lease {
  grants: Grant[];
  /** Of the rates asked for: 1, or this process's part of them when the database did not grant the slots. */
  share: number;
  cuts: NotedCut[];
}

interface LimitRow {
  endpoint: string;
  rateCutTo: number | null;
  rateCutAge: number | null;
  flightsCutTo: number | null;
  flightsCutAge: number | null;
}

interface LeaseRow {
  grants: Grant[];
  limits: LimitRow[];
  replicas: number | null;
}

const TIMED_OUT = Symbol('timed out');

/**
 * Slots for requests, leased from the lines that all replicas share in PostgreSQL, in one statement that flushes nothing
 * to disk. While the database is away this process goes on with its share: the rate divided by the replicas last seen.
 */
export class SlotLeases {
  private readonly logger = new Logger('StripeLimiter');
  private readonly replica = randomUUID();
  private readonly alone = new SlotSchedule();
  private replicasSeen = 1;
  private seenAtMs = -Infinity;
  private pausedUntilMs = -Infinity;
  private unanswered = false;
  /** The end of the slots that the database granted, by this process's clock. */
  private grantedUntilMs = -Infinity;

  constructor(
    private readonly db: DataSource,
    private readonly scope: string,
  ) {}

  /** How many processes lately sent requests, this one included. */
  get replicas(): number {
    return this.replicasSeen;
  }

  /** Never throws. */
  async lease(asks: readonly Ask[], rate: number): Promise<Lease> {
    const now = performance.now();
    if (!this.unanswered && now >= this.pausedUntilMs) {
      const row = await this.ask(asks, rate, now);
      if (row !== null) {
        const last = Math.max(...row.grants.map(({ from, granted }) => (granted > 0 ? from + granted / rate : 0)));
        this.grantedUntilMs = performance.now() + last * 1_000;
        return { grants: row.grants, share: 1, cuts: row.limits.flatMap(cutsOf) };
      }
    }
    return this.leaseAlone(asks, rate, 1 / this.replicasSeen);
  }

  /** Tells the other replicas. Never throws: one that cannot be told is known here all the same. */
  async note(endpoint: string, of: CutOf, to: number): Promise<void> {
    try {
      await this.db.query(
        `INSERT INTO tributary.stripe_limit AS held (scope, endpoint, next_at, ${of}_cut_to, ${of}_cut_at)
         VALUES ($1, $2, to_timestamp(0), $3, clock_timestamp())
         ON CONFLICT (scope, endpoint) DO UPDATE SET ${of}_cut_to = excluded.${of}_cut_to, ${of}_cut_at = clock_timestamp()
           -- Two replicas that were refused in the same moment are one event.
           WHERE held.${of}_cut_at IS NULL OR held.${of}_cut_at < clock_timestamp() - $4 * interval '1 millisecond'`,
        [this.scope, endpoint, to, CUT_EVERY_MS],
      );
    } catch (error) {
      this.logger.debug(`a cut of Stripe's limit is known to this process alone: ${String(error)}`);
    }
  }

  private async ask(asks: readonly Ask[], rate: number, now: number): Promise<LeaseRow | null> {
    const tellsItself = now - this.seenAtMs >= SEEN_EVERY_MS;
    const lease = {
      rate,
      burst: BURST_SECONDS,
      floorShare: FLOOR_SHARE,
      floorReach: FLOOR_REACH_SECONDS,
      asks: asks.map((ask) => ({ ...ask, ahead: AHEAD_SECONDS[ask.priority] })),
      ...(tellsItself && { replica: this.replica, forgottenAfter: FORGOTTEN_AFTER_SECONDS }),
    };
    this.unanswered = true;
    const answer = this.db
      .query<[{ lease: LeaseRow }]>(`SELECT tributary.lease_stripe_slots($1, $2::jsonb) AS lease`, [
        this.scope,
        JSON.stringify(lease),
      ])
      .finally(() => (this.unanswered = false));
    try {
      const rows = await withinTime(answer);
      if (rows === TIMED_OUT) return null;
      if (tellsItself) this.seenAtMs = now;
      this.replicasSeen = Math.max(1, rows[0].lease.replicas ?? this.replicasSeen);
      return rows[0].lease;
    } catch (error) {
      this.pausedUntilMs = performance.now() + PAUSE_AFTER_FAILURE_MS;
      this.logger.debug(`Stripe's limit is shared out evenly for now: ${String(error)}`);
      return null;
    }
  }

  private leaseAlone(asks: readonly Ask[], rate: number, share: number): Lease {
    // What is still in hand is used first, so that the two together do not exceed the rate.
    this.alone.startFrom(this.grantedUntilMs / 1_000);
    const shares = asks.map((ask) => ({ ...ask, rate: ask.rate * share }));
    return { grants: this.alone.lease(shares, rate * share, performance.now() / 1_000), share, cuts: [] };
  }
}

async function withinTime<T>(answer: Promise<T>): Promise<T | typeof TIMED_OUT> {
  let timer: NodeJS.Timeout | undefined;
  // What comes after the time is not looked at any more; a failure then has nobody left to hear it.
  answer.catch(() => undefined);
  try {
    return await Promise.race([
      answer,
      new Promise<typeof TIMED_OUT>((resolve) => {
        timer = setTimeout(() => resolve(TIMED_OUT), ANSWER_WITHIN_MS);
      }),
    ]);
  } finally {
    clearTimeout(timer);
  }
}

function cutsOf({ endpoint, rateCutTo, rateCutAge, flightsCutTo, flightsCutAge }: LimitRow): NotedCut[] {
  const cuts: NotedCut[] = [];
  if (rateCutTo !== null && rateCutAge !== null)
    cuts.push({ endpoint, of: 'rate', to: rateCutTo, ageSeconds: rateCutAge });
  if (flightsCutTo !== null && flightsCutAge !== null) {
    cuts.push({ endpoint, of: 'flights', to: flightsCutTo, ageSeconds: flightsCutAge });
  }
  return cuts;
}
