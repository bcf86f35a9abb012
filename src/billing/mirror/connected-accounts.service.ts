import { Injectable } from '@nestjs/common';
import Stripe from 'stripe';
import { DataSource } from 'typeorm';
import { Workspace } from '../../access/workspace.entity.js';
import { StripeGateway } from '../../stripe/stripe-gateway.service.js';
import { STRIPE_OBJECT_TYPES } from '../objects/registry.js';

/** Names the workspace's own objects, where a connected account could be named. Its own account's id means the same. */
export const PLATFORM = 'platform';

/** A key that may not know its account is not asked with each request; meanwhile it may be given the permission. */
const REFUSAL_KEPT_MS = 600_000;
const REFUSED_FROM = 400;
const RATE_LIMITED = 429;
const FAILED_FROM = 500;

/**
 * Which connected accounts a workspace has, and which account is its own. Both kinds are in the mirror's table of accounts
 * and look alike, and Stripe lets the own account be asked as if it were a connected one: whoever did so would take in
 * everything a second time.
 */
@Injectable()
export class ConnectedAccounts {
  private readonly own = new Map<string, string>();
  private readonly refusedUntilMs = new Map<string, number>();

  constructor(
    private readonly db: DataSource,
    private readonly stripe: StripeGateway,
  ) {}

  /** As `listKnown`, after Stripe was asked which account is the own one. Errors are Stripe's, when it gives no answer. */
  async list(workspaceId: string): Promise<string[]> {
    await this.findOwn(workspaceId);
    return this.listKnown(workspaceId);
  }

  /**
   * Those that are polled, that a backfill read, and that the mirror's table of accounts holds, in the order of their ids;
   * without the own one and without those that are gone. Who is in that table counts only once the own account is known.
   * Asks nobody but PostgreSQL.
   */
  async listKnown(workspaceId: string): Promise<string[]> {
    const own = await this.findRecordedOwn(workspaceId);
    const rows = await this.db.query<Array<{ account: string }>>(KNOWN, [workspaceId, own]);
    return rows.map(({ account }) => account);
  }

  /** Whether anything of the account is or was held, or looked for: its object, a row, a look at its events, a backfill. */
  async isKnown(workspaceId: string, account: string): Promise<boolean> {
    const of = [workspaceId, account];
    const [first] = await this.db.query<Array<{ known: boolean }>>(IS_NAMED, of);
    if (first?.known === true) return true;
    const [row] = await this.db.query<Array<{ known: boolean }>>(HAS_ROWS, of);
    return row?.known === true;
  }

  /**
   * The id of the account that the key belongs to; null when the key may not know it and never did. Asks Stripe once in the
   * life of a process, and again some time after a refusal, and records the answer. Errors are Stripe's, when it gives none.
   */
  async findOwn(workspaceId: string): Promise<string | null> {
    const known = this.own.get(workspaceId);
    if (known !== undefined) return known;
    if (performance.now() < (this.refusedUntilMs.get(workspaceId) ?? 0)) return this.findRecordedOwn(workspaceId);
    try {
      const { body } = await this.stripe.get(workspaceId, '/v1/account', { priority: 'bulk' });
      const id = String(body.id);
      await this.db.getRepository(Workspace).update({ id: workspaceId }, { stripeAccountId: id });
      this.own.set(workspaceId, id);
      return id;
    } catch (error) {
      if (!isRefusal(error)) throw error;
      this.refusedUntilMs.set(workspaceId, performance.now() + REFUSAL_KEPT_MS);
      return this.findRecordedOwn(workspaceId);
    }
  }

  /** What Stripe last answered, to any process; null before. */
  async findRecordedOwn(workspaceId: string): Promise<string | null> {
    const known = this.own.get(workspaceId);
    if (known !== undefined) return known;
    const workspace = await this.db.getRepository(Workspace).findOneBy({ id: workspaceId });
    return workspace?.stripeAccountId ?? null;
  }
}

function isRefusal(error: unknown): boolean {
  const status = error instanceof Stripe.errors.StripeError ? (error.statusCode ?? 0) : 0;
  return status >= REFUSED_FROM && status < FAILED_FROM && status !== RATE_LIMITED;
}

/** Accounts that were named to a backfill, and of which it could read something. */
const BACKFILLED = `
  SELECT b.account FROM tributary.backfill b
   WHERE b.workspace_id = $1 AND NOT b.dry_run AND b.account <> '${PLATFORM}'
     AND EXISTS (SELECT FROM tributary.backfill_task t
                  WHERE t.backfill_id = b.id AND t.account = b.account AND t.state = 'done')`;

const KNOWN = `
  WITH held AS (
    SELECT id, bool_or(deleted_at IS NULL) AS lives
      FROM (SELECT id, deleted_at FROM stripe.accounts WHERE workspace_id = $1 AND account = ''
            UNION ALL SELECT id, deleted_at FROM stripe.v2_core_accounts WHERE workspace_id = $1 AND account = '') AS a
     GROUP BY id)
  SELECT named.account
    FROM (SELECT account FROM tributary.event_poll WHERE workspace_id = $1
          UNION ${BACKFILLED}
          UNION SELECT id FROM held WHERE $2::text IS NOT NULL) AS named
    LEFT JOIN held ON held.id = named.account
   WHERE named.account <> '' AND named.account IS DISTINCT FROM $2 AND coalesce(held.lives, true)
   ORDER BY named.account`;

const IS_NAMED = `
  SELECT EXISTS (SELECT FROM stripe.accounts WHERE workspace_id = $1 AND account = '' AND id = $2)
      OR EXISTS (SELECT FROM stripe.v2_core_accounts WHERE workspace_id = $1 AND account = '' AND id = $2)
      OR EXISTS (SELECT FROM tributary.event_poll WHERE workspace_id = $1 AND account = $2)
      OR EXISTS (SELECT FROM (${BACKFILLED}) AS b WHERE b.account = $2) AS known`;

/** One look into the index of each table. */
const HAS_ROWS = `SELECT ${STRIPE_OBJECT_TYPES.map(
  ({ table }) => `EXISTS (SELECT FROM stripe.${table} WHERE workspace_id = $1 AND account = $2)`,
).join(' OR ')} AS known`;
