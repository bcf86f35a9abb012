import { Injectable } from '@nestjs/common';
import Stripe from 'stripe';
import { DataSource } from 'typeorm';
import { StripeGateway } from '../../stripe/stripe-gateway.service.js';

const REFUSED_FROM = 400;
const RATE_LIMITED = 429;
const FAILED_FROM = 500;

/**
 * Tells the accounts that are connected to the workspace's own from that one. Both are in the mirror's table of accounts and
 * look alike, and Stripe lets the own account be asked as if it were a connected one: whoever did so would take in everything
 * a second time.
 */
@Injectable()
export class ConnectedAccounts {
  private readonly own = new Map<string, string>();

  constructor(
    private readonly db: DataSource,
    private readonly stripe: StripeGateway,
  ) {}

  /**
   * The living ones that the mirror holds, in the order of their ids; none as long as the key may not say which account is
   * its own. Asks Stripe once in the life of a process. Errors are Stripe's, when it gives no answer.
   */
  async of(workspaceId: string): Promise<string[]> {
    const rows = await this.db.query<Array<{ id: string }>>(
      `SELECT id FROM stripe.accounts WHERE workspace_id = $1 AND account = '' AND deleted_at IS NULL
       UNION SELECT id FROM stripe.v2_core_accounts WHERE workspace_id = $1 AND account = '' AND deleted_at IS NULL
       ORDER BY id`,
      [workspaceId],
    );
    if (rows.length === 0) return [];
    const own = await this.findOwn(workspaceId);
    return own === null ? [] : rows.map(({ id }) => id).filter((id) => id !== own);
  }

  /** The id of the account that the key belongs to; null when the key may not know it. */
  async findOwn(workspaceId: string): Promise<string | null> {
    const known = this.own.get(workspaceId);
    if (known !== undefined) return known;
    try {
      const { body } = await this.stripe.get(workspaceId, '/v1/account', { priority: 'bulk' });
      const id = String(body.id);
      this.own.set(workspaceId, id);
      return id;
    } catch (error) {
      if (isRefusal(error)) return null;
      throw error;
    }
  }
}

function isRefusal(error: unknown): boolean {
  const status = error instanceof Stripe.errors.StripeError ? (error.statusCode ?? 0) : 0;
  return status >= REFUSED_FROM && status < FAILED_FROM && status !== RATE_LIMITED;
}
