import { Injectable } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { DataSource, type EntityManager } from 'typeorm';
import { Clock } from '../common/clock.js';
import { LedgerService } from '../ledger/ledger.service.js';
import { PayoutAttempt, type TransferBody } from './payout-attempt.entity.js';
import { paying } from './payout-ledger.js';
import { requireTransition, type PayoutState } from './payout-states.js';
import { Payout } from './payout.entity.js';
import { PayoutsRepository } from './payouts.repository.js';
import { idempotencyKey, pauseSeconds, transferBody } from './sending-rules.js';

/** Longer than a look-up and a call together can take; after it another worker takes the payout up. */
export const LEASE_SECONDS = 60;

/** A payout taken up by one worker, with what it is to send. State, intent and lease are committed. */
export interface ClaimedPayout {
  payout: Payout;
  leaseToken: string;
  /** What it was before: from `unknown` a transfer may exist. */
  from: Extract<PayoutState, 'approved' | 'unknown'>;
  attempt: Pick<PayoutAttempt, 'attempt' | 'idempotencyKey' | 'body' | 'startedAt' | 'tries'>;
  /** When it was claimed, on this process's monotonic clock; it runs on while the process is stopped. */
  claimedAtMs: number;
}

/**
 * What is committed before and after a call to Stripe. Every record carries the lease's token: one that was overtaken changes
 * nothing, and what it saw is found by its successor's look-up.
 */
@Injectable()
export class PayoutAttempts {
  constructor(
    private readonly db: DataSource,
    private readonly payouts: PayoutsRepository,
    private readonly ledger: LedgerService,
    private readonly clock: Clock,
  ) {}

  /** Payouts whose worker died between intent and record: whether there is a transfer is unknown. Answers how many. */
  async giveUpLostLeases(): Promise<number> {
    requireTransition('sending', 'unknown');
    const [, count] = (await this.db.query(
      `UPDATE tributary.payout SET state = 'unknown', lease_token = NULL, failure = 'worker_lost'
        WHERE method = 'stripe_connect' AND state = 'sending' AND available_at <= now()`,
    )) as [unknown, number];
    return count;
  }

  /** Takes up to `limit` payouts that are to be sent or looked up: state, lease, key and body are committed with it. */
  async claim(limit: number): Promise<ClaimedPayout[]> {
    requireTransition('approved', 'sending');
    requireTransition('unknown', 'sending');
    const leaseToken = randomUUID();
    const claimedAtMs = performance.now();
    return this.db.transaction('READ COMMITTED', async (tx) => {
      const [rows] = (await tx.query(CLAIM, [limit, LEASE_SECONDS, leaseToken])) as [ClaimedRow[], number];
      if (rows.length === 0) return [];
      const payouts = await tx
        .getRepository(Payout)
        .findBy(rows.map(({ workspace_id: workspaceId, id }) => ({ workspaceId, id, leaseToken })));
      const attempts = await this.openAttempts(payouts, tx);
      return payouts.map((payout) => {
        const from = rows.find(({ id }) => id === payout.id)?.from;
        const attempt = attempts.get(payout.id);
        if (from === undefined || attempt === undefined) throw new Error(`payout ${payout.id} has no open attempt`);
        return { payout, leaseToken, from, attempt, claimedAtMs };
      });
    });
  }

  /** After a look-up that found nothing: the old key is given up and a new intent committed. Null when the lease is lost. */
  async renew(claimed: ClaimedPayout): Promise<ClaimedPayout | null> {
    const { payout, leaseToken } = claimed;
    return this.db.transaction('READ COMMITTED', async (tx) => {
      const held = await this.payouts.lock(payout.workspaceId, payout.id, tx);
      if (held?.leaseToken !== leaseToken) return null;
      await closeAttempt(payout, claimed.attempt.attempt, { outcome: 'expired' }, tx);
      const renewed = { ...held, attempt: held.attempt + 1 };
      await tx
        .getRepository(Payout)
        .update({ workspaceId: payout.workspaceId, id: payout.id }, { attempt: renewed.attempt });
      const attempt = (await this.openAttempts([renewed], tx)).get(payout.id);
      if (attempt === undefined) throw new Error(`payout ${payout.id} has no open attempt`);
      return { ...claimed, payout: renewed, attempt };
    });
  }

  /** The transfer exists. Posts the payment; false, and nothing is changed, when somebody else has the payout by now. */
  async recordSent(claimed: ClaimedPayout, transferId: string, providerRequest: string | null): Promise<boolean> {
    const { payout, leaseToken, attempt } = claimed;
    const at = this.clock.now();
    return this.db.transaction('READ COMMITTED', async (tx) => {
      const sent = { reference: transferId, sentAt: at, failure: null };
      if (!(await this.payouts.move(holding(payout, leaseToken), 'sent', sent, tx))) return false;
      await closeAttempt(payout, attempt.attempt, { outcome: 'sent', failure: null, providerRequest }, tx);
      await this.ledger.post([paying(payout, payout.amountMinor, transferId, at)], tx);
      return true;
    });
  }

  /** Stripe refused this very request. Its lines stay reserved, and a person (or more money) lets it be tried again. */
  async recordFailed(claimed: ClaimedPayout, failure: string, providerRequest: string | null): Promise<void> {
    const { payout, leaseToken, attempt } = claimed;
    await this.db.transaction('READ COMMITTED', async (tx) => {
      if (!(await this.payouts.move(holding(payout, leaseToken), 'failed', { failure }, tx))) return;
      await closeAttempt(payout, attempt.attempt, { outcome: 'rejected', failure, providerRequest }, tx);
    });
  }

  /** Nothing is decided: it is taken up again later, under the same key, as what is known of it says. */
  async recordPostponed(
    { payout, leaseToken, attempt }: ClaimedPayout,
    to: Extract<PayoutState, 'approved' | 'unknown'>,
    failure: string,
  ): Promise<void> {
    const seconds = pauseSeconds(attempt.tries);
    const later = { failure, availableAt: () => `now() + interval '${seconds} seconds'` };
    await this.payouts.move(holding(payout, leaseToken), to, later, this.db.manager);
  }

  /** The open attempt of each payout, made where there is none; one that is there keeps its key and body. */
  private async openAttempts(
    payouts: readonly Payout[],
    tx: EntityManager,
  ): Promise<Map<string, ClaimedPayout['attempt']>> {
    const rows = await tx.query<AttemptRow[]>(OPEN_ATTEMPTS, [
      payouts.map(({ workspaceId }) => workspaceId),
      payouts.map(({ id }) => id),
      payouts.map(({ attempt }) => attempt),
      payouts.map(({ id, attempt }) => idempotencyKey(id, attempt)),
      payouts.map((payout) => JSON.stringify(transferBody(payout))),
      this.clock.now(),
    ]);
    return new Map(
      rows.map(({ payout_id, attempt, idempotency_key, body, started_at, tries }) => [
        payout_id,
        { attempt, idempotencyKey: idempotency_key, body, startedAt: started_at, tries },
      ]),
    );
  }
}

function holding({ workspaceId, id }: Payout, leaseToken: string) {
  return { workspaceId, id, state: 'sending' as const, leaseToken };
}

/** Nothing is open any more; safe to repeat. */
export async function closeAttempt(
  { workspaceId, id: payoutId }: Pick<Payout, 'workspaceId' | 'id'>,
  attempt: number,
  result: Pick<Partial<PayoutAttempt>, 'outcome' | 'failure' | 'providerRequest'>,
  tx: EntityManager,
): Promise<void> {
  await tx.getRepository(PayoutAttempt).update({ workspaceId, payoutId, attempt }, result);
}

interface ClaimedRow {
  workspace_id: string;
  id: string;
  from: 'approved' | 'unknown';
}

interface AttemptRow {
  payout_id: string;
  attempt: number;
  idempotency_key: string;
  body: TransferBody;
  started_at: Date;
  tries: number;
}

const CLAIM = `
  UPDATE tributary.payout p
     SET state = 'sending', lease_token = $3, available_at = now() + $2 * interval '1 second'
    FROM (SELECT workspace_id, id, state FROM tributary.payout
           WHERE method = 'stripe_connect' AND state IN ('approved', 'unknown') AND available_at <= now()
           ORDER BY available_at LIMIT $1 FOR UPDATE SKIP LOCKED) AS due
   WHERE p.workspace_id = due.workspace_id AND p.id = due.id
  RETURNING p.workspace_id, p.id, due.state AS "from"`;

// The body is read back from the row, so that every repetition sends the same bytes.
const OPEN_ATTEMPTS = `
  INSERT INTO tributary.payout_attempt AS a (workspace_id, payout_id, attempt, idempotency_key, body, started_at, tries)
  SELECT u.workspace_id, u.payout_id, u.attempt, u.key, u.body::jsonb, $6, 1
    FROM unnest($1::text[], $2::text[], $3::integer[], $4::text[], $5::text[]) AS u(workspace_id, payout_id, attempt, key, body)
  ON CONFLICT (workspace_id, payout_id, attempt) DO UPDATE SET tries = a.tries + 1 WHERE a.outcome IS NULL
  RETURNING a.payout_id, a.attempt, a.idempotency_key, a.body, a.started_at, a.tries`;
