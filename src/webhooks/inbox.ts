import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import pg from 'pg';
import { DataSource } from 'typeorm';
import { DomainError } from '../common/errors.js';
import type { WebhookEventState } from './webhook-event.entity.js';

/** A verified event on its way into the inbox. */
export interface ReceivedEvent {
  workspaceId: string;
  id: string;
  createdSeconds: number;
  endpointId: string;
  account: string;
  livemode: boolean;
  type: string;
  apiVersion: string | null;
  objectId: string | null;
  /** The text that was signed; as bytes (valid UTF-8 without NUL) it need not be encoded again. */
  body: string | Buffer;
  state: Extract<WebhookEventState, 'pending' | 'quarantined'>;
  error: string | null;
}

/** Stripe gets its answer within this time, whatever the database does; a false 503 is delivered again, a false 200 is lost. */
const ANSWER_WITHIN_MS = 1_800;
/** The database is given up on a little earlier, so that the connection is free again when the next deliveries come. */
const DATABASE_TIMEOUT_MS = 1_500;
/** Connections of its own, so that no busy worker can make a delivery wait for one. */
const CONNECTIONS = 2;
const MAX_BATCH = 250;
/** Beyond this many waiting deliveries new ones are refused: Stripe delivers them again. */
const MAX_WAITING = 5_000;

interface Waiting {
  event: ReceivedEvent;
  resolve: () => void;
  reject: (error: unknown) => void;
}

/**
 * Stores events durably. Deliveries that arrive while an INSERT is under way share the next one and its commit; an idle
 * inbox stores at once.
 */
@Injectable()
export class Inbox implements OnModuleDestroy {
  private readonly waiting: Waiting[] = [];
  private flushing = 0;
  private pool: pg.Pool | null = null;
  private listener: (() => void) | null = null;

  constructor(private readonly db: DataSource) {}

  /** Resolves once the event is committed. Safe to repeat. Errors: `inbox_unavailable` (503) when it cannot be stored in time. */
  async store(event: ReceivedEvent): Promise<void> {
    if (this.waiting.length >= MAX_WAITING) throw unavailable('too many deliveries are waiting');
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(unavailable('the database did not answer in time')), ANSWER_WITHIN_MS);
      const settle =
        <T>(then: (value: T) => void) =>
        (value: T): void => {
          clearTimeout(timer);
          then(value);
        };
      this.waiting.push({ event, resolve: settle<void>(resolve), reject: settle(reject) });
      this.flush();
    });
    this.listener?.();
  }

  /** Told after events were stored in this process. */
  onStored(listener: () => void): void {
    this.listener = listener;
  }

  async onModuleDestroy(): Promise<void> {
    const pool = this.pool;
    this.pool = null;
    await pool?.end();
  }

  private flush(): void {
    while (this.flushing < CONNECTIONS && this.waiting.length > 0) {
      // A second connection is worth its commit only when the first cannot take everything.
      if (this.flushing > 0 && this.waiting.length < MAX_BATCH) return;
      const batch = this.waiting.splice(0, MAX_BATCH);
      this.flushing += 1;
      void this.insert(batch.map(({ event }) => event))
        .then(
          () => batch.forEach(({ resolve }) => resolve()),
          (error: unknown) => batch.forEach(({ reject }) => reject(unavailable('the database refused it', error))),
        )
        .finally(() => {
          this.flushing -= 1;
          this.flush();
        });
    }
  }

  private async insert(events: readonly ReceivedEvent[]): Promise<void> {
    const client = await this.connections().connect();
    let failure: Error | undefined;
    try {
      const rows = distinct(events);
      await client.query({ text: insertStatement(rows.length), values: columnsOf(rows) });
    } catch (error) {
      failure = error as Error;
      throw error;
    } finally {
      // A connection whose query failed or timed out may still be busy with it; it is not used again.
      client.release(failure);
    }
  }

  private connections(): pg.Pool {
    if (this.pool === null) {
      this.pool = new pg.Pool({
        connectionString: (this.db.options as { url: string }).url,
        max: CONNECTIONS,
        connectionTimeoutMillis: DATABASE_TIMEOUT_MS,
        query_timeout: DATABASE_TIMEOUT_MS,
        keepAlive: true,
        application_name: 'tributary-inbox',
      });
      // A connection that breaks, idle or in use, is replaced; the delivery that needed it has been told by its query.
      this.pool.on('error', () => undefined);
      this.pool.on('connect', (client) => client.on('error', () => undefined));
    }
    return this.pool;
  }
}

/** One row per key, since one statement may not meet a key twice; a fitting delivery goes before a quarantined one. */
function distinct(events: readonly ReceivedEvent[]): ReceivedEvent[] {
  const byKey = new Map<string, ReceivedEvent>();
  for (const event of events) {
    const key = `${event.workspaceId}/${event.createdSeconds}/${event.id}`;
    if (byKey.get(key)?.state !== 'pending') byKey.set(key, event);
  }
  return [...byKey.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, event]) => event);
}

function columnsOf(events: readonly ReceivedEvent[]): unknown[] {
  return [
    events.map((event) => event.workspaceId),
    events.map((event) => event.createdSeconds),
    events.map((event) => event.id),
    events.map((event) => event.endpointId),
    events.map((event) => event.account),
    events.map((event) => event.livemode),
    events.map((event) => event.type),
    events.map((event) => event.apiVersion),
    events.map((event) => event.objectId),
    events.map((event) => event.state),
    events.map((event) => event.error),
    ...events.map((event) => event.body),
  ];
}

/**
 * An event that a wrong endpoint brought first is in quarantine and does not occupy its id: a fitting delivery replaces it.
 * The bodies are parameters of their own: inside an array's text every quotation mark of theirs would be escaped here and
 * unescaped there.
 */
function insertStatement(rows: number): string {
  const bodies = Array.from({ length: rows }, (_, index) => `$${FIRST_BODY + index}`).join(', ');
  return `
  INSERT INTO tributary.webhook_event AS held
    (workspace_id, created, id, endpoint_id, account, livemode, type, api_version, object_id, body, state, error)
  SELECT u.workspace_id, to_timestamp(u.created), u.id, u.endpoint_id, u.account, u.livemode, u.type, u.api_version,
         u.object_id, u.body, u.state, u.error
    FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::text[], $8::text[],
                $9::text[], $10::text[], $11::text[], ARRAY[${bodies}]::text[])
         AS u(workspace_id, created, id, endpoint_id, account, livemode, type, api_version, object_id, state, error, body)
  ON CONFLICT (workspace_id, created, id) DO UPDATE SET
    endpoint_id = excluded.endpoint_id, account = excluded.account, livemode = excluded.livemode, type = excluded.type,
    api_version = excluded.api_version, object_id = excluded.object_id, body = excluded.body, state = 'pending',
    error = NULL, available_at = now(), attempts = 0, received_at = now()
  WHERE held.state = 'quarantined' AND excluded.state = 'pending'`;
}

/** The number of the first parameter after those that hold a column each. */
const FIRST_BODY = 12;

function unavailable(why: string, cause?: unknown): DomainError {
  return new DomainError(
    'unavailable',
    'inbox_unavailable',
    `the event could not be stored (${why}); deliver it again`,
    {
      retryAfterSeconds: 5,
      cause,
    },
  );
}
