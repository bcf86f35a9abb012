import { createHash, randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { DomainError } from '../common/errors.js';
import type { ErrorKind } from '../common/errors.js';
import { isSerializationFailure } from '../common/error-translation.js';

/** Where one answer is kept. */
export interface Slot {
  workspaceId: string;
  operation: string;
  key: string;
  requestHash: Buffer;
}

/** The answer to hand out, either just made or the stored one. */
export type Outcome = { answer: unknown; replayed: boolean } | { refusal: DomainError; replayed: boolean };

interface StoredRow {
  same_request: boolean;
  state: 'in_flight' | 'answered' | 'refused';
  answer: string | null;
  lease_lives: boolean;
}

/** Refusals that are facts about the request and would be the same again; the others may be different next time. */
const STORED_KINDS: readonly ErrorKind[] = [
  'payment_required',
  'not_found',
  'conflict',
  'already_exists',
  'unprocessable',
];
const ATTEMPTS_MAX = 4;
const KEPT = '24 hours';
/** Longer than any call to Stripe may take. After it the run counts as lost and the key may be used again. */
const LEASE = '60 seconds';
const PURGE_BATCH_ROWS = 5_000;

@Injectable()
export class IdempotencyService {
  constructor(private readonly db: DataSource) {}

  /**
   * Runs `effect` in one transaction, together with its answer when there is a slot. A transaction that lost a deadlock is
   * run again, so `effect` must do nothing that its transaction does not undo.
   */
  async inTransaction(
    slot: Slot | null,
    limitMs: number | null,
    effect: (tx: EntityManager) => Promise<unknown>,
  ): Promise<Outcome> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.db.transaction('READ COMMITTED', async (tx) => {
          if (limitMs !== null)
            await tx.query(`SELECT set_config('statement_timeout', $1, true)`, [String(Math.max(1, limitMs))]);
          return slot ? this.once(tx, slot, effect) : { answer: await effect(tx), replayed: false };
        });
      } catch (error) {
        if (attempt >= ATTEMPTS_MAX || !isSerializationFailure(error)) throw error;
      }
    }
  }

  /** Runs `effect` outside any transaction, behind a committed lease when there is a slot. */
  async around(slot: Slot | null, effect: () => Promise<unknown>): Promise<Outcome> {
    if (!slot) return { answer: await effect(), replayed: false };
    const token = randomUUID();
    const earlier = await this.db.transaction(
      'READ COMMITTED',
      async (tx) => (await find(tx, slot)) ?? lease(tx, slot, token),
    );
    if (earlier) return earlier;
    try {
      const outcome = await outcomeOf(effect);
      await finish(this.db.manager, slot, token, outcome);
      return outcome;
    } catch (error) {
      await this.release(slot, token);
      throw error;
    }
  }

  /** Forgets answers older than a day. Returns how many. */
  async purge(): Promise<number> {
    const [, count] = await this.db.query<[unknown, number]>(
      `DELETE FROM tributary.idempotency_key WHERE ctid = ANY (ARRAY(
         SELECT ctid FROM tributary.idempotency_key WHERE created_at < now() - $1::interval LIMIT ${PURGE_BATCH_ROWS}))`,
      [KEPT],
    );
    return count;
  }

  private async once(tx: EntityManager, slot: Slot, effect: (tx: EntityManager) => Promise<unknown>): Promise<Outcome> {
    const earlier = await find(tx, slot);
    if (earlier) return earlier;
    await tx.query('SAVEPOINT effect');
    const outcome = await outcomeOf(() => effect(tx));
    // A refusal keeps nothing of what the handler wrote before it refused, but is itself remembered.
    if ('refusal' in outcome) await tx.query('ROLLBACK TO SAVEPOINT effect');
    await insertAnswer(tx, slot, outcome);
    return outcome;
  }

  private async release({ workspaceId, operation, key }: Slot, token: string): Promise<void> {
    await this.db.query(
      `DELETE FROM tributary.idempotency_key WHERE workspace_id = $1 AND operation = $2 AND key = $3 AND lease_token = $4`,
      [workspaceId, operation, key, token],
    );
  }
}

/** The effect's answer, or its refusal when that is worth keeping. Everything else is thrown on. */
async function outcomeOf(effect: () => Promise<unknown>): Promise<Outcome> {
  try {
    return { answer: await effect(), replayed: false };
  } catch (error) {
    if (error instanceof DomainError && STORED_KINDS.includes(error.kind)) return { refusal: error, replayed: false };
    throw error;
  }
}

/**
 * The earlier outcome under this key, or null when the caller may go on. The lock lasts until the transaction ends and is
 * only tried: waiting would tie up connections behind one slow request.
 */
async function find(tx: EntityManager, slot: Slot): Promise<Outcome | null> {
  const { workspaceId, operation, key } = slot;
  const [lock] = await tx.query<{ taken: boolean }[]>('SELECT pg_try_advisory_xact_lock($1::bigint) AS taken', [
    lockOf(slot),
  ]);
  if (!lock?.taken) throw inFlight(key);
  // A statement of its own: only its snapshot is sure to see what the lock's last holder committed.
  const [row] = await tx.query<StoredRow[]>(
    `SELECT request_hash = $4 AS same_request, state, answer, coalesce(lease_until > now(), false) AS lease_lives
       FROM tributary.idempotency_key
      WHERE workspace_id = $1 AND operation = $2 AND key = $3 AND created_at > now() - $5::interval`,
    [workspaceId, operation, key, slot.requestHash, KEPT],
  );
  if (!row) return null;
  if (!row.same_request) throw mismatch(key);
  if (row.state === 'in_flight' && row.lease_lives) throw inFlight(key);
  return row.state === 'in_flight' ? null : replayOf(row);
}

function replayOf({ state, answer }: StoredRow): Outcome {
  const stored: unknown = JSON.parse(answer ?? 'null');
  if (state === 'answered') return { answer: stored, replayed: true };
  const { kind, code, message, field } = stored as { kind: ErrorKind; code: string; message: string; field?: string };
  return { refusal: new DomainError(kind, code, message, { field }), replayed: true };
}

async function lease(
  tx: EntityManager,
  { workspaceId, operation, key, requestHash }: Slot,
  token: string,
): Promise<null> {
  await tx.query(
    `INSERT INTO tributary.idempotency_key (workspace_id, operation, key, request_hash, state, lease_token, lease_until)
     VALUES ($1, $2, $3, $4, 'in_flight', $5, now() + $6::interval)
     ON CONFLICT (workspace_id, operation, key) DO UPDATE
       SET request_hash = excluded.request_hash, state = 'in_flight', lease_token = excluded.lease_token,
           lease_until = excluded.lease_until, answer = NULL, created_at = now()`,
    [workspaceId, operation, key, requestHash, token, LEASE],
  );
  return null;
}

/** Replaces what is older than a day; anything younger was found before. */
async function insertAnswer(tx: EntityManager, slot: Slot, outcome: Outcome): Promise<void> {
  const { workspaceId, operation, key, requestHash } = slot;
  await tx.query(
    `INSERT INTO tributary.idempotency_key (workspace_id, operation, key, request_hash, state, answer)
     VALUES ($1, $2, $3, $4, $5, $6)
     ON CONFLICT (workspace_id, operation, key) DO UPDATE
       SET request_hash = excluded.request_hash, state = excluded.state, answer = excluded.answer,
           lease_token = NULL, lease_until = NULL, created_at = now()`,
    [workspaceId, operation, key, requestHash, stateOf(outcome), textOf(outcome)],
  );
}

/** Only the holder of the lease writes the answer; one that was overtaken leaves its successor's row alone. */
async function finish(
  db: EntityManager,
  { workspaceId, operation, key }: Slot,
  token: string,
  outcome: Outcome,
): Promise<void> {
  await db.query(
    `UPDATE tributary.idempotency_key SET state = $5, answer = $6, lease_token = NULL, lease_until = NULL
      WHERE workspace_id = $1 AND operation = $2 AND key = $3 AND lease_token = $4`,
    [workspaceId, operation, key, token, stateOf(outcome), textOf(outcome)],
  );
}

function stateOf(outcome: Outcome): 'answered' | 'refused' {
  return 'refusal' in outcome ? 'refused' : 'answered';
}

function textOf(outcome: Outcome): string {
  if (!('refusal' in outcome)) return JSON.stringify(outcome.answer ?? null);
  const { kind, code, message, field } = outcome.refusal;
  return JSON.stringify({ kind, code, message, field });
}

function lockOf({ workspaceId, operation, key }: Slot): string {
  const digest = createHash('sha256')
    .update(JSON.stringify([workspaceId, operation, key]))
    .digest();
  return digest.readBigInt64BE().toString();
}

function inFlight(key: string): DomainError {
  return new DomainError(
    'conflict',
    'idempotency_in_flight',
    `the first request with Idempotency-Key ${key} is still being worked on; repeat it in a moment`,
  );
}

function mismatch(key: string): DomainError {
  return new DomainError(
    'conflict',
    'idempotency_mismatch',
    `Idempotency-Key ${key} was used for another request; use a new key for a new intention`,
    { field: 'Idempotency-Key' },
  );
}
