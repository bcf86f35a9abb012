import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Clock } from '../common/clock.js';
import { DomainError, notFound } from '../common/errors.js';
import { LedgerService } from '../ledger/ledger.service.js';
import type { PayoutDetail } from './dto/payout.dto.js';
import { paying } from './payout-ledger.js';
import { PAID_STATES, requireTransition } from './payout-states.js';
import type { Payout } from './payout.entity.js';
import { PayoutsReader } from './payouts-reader.service.js';
import { PayoutsRepository } from './payouts.repository.js';

/** Stripe's code for a transfer that our balance there did not cover. */
const INSUFFICIENT = 'balance_insufficient';

/** What people decide about single payouts. */
@Injectable()
export class PayoutsService {
  constructor(
    private readonly payouts: PayoutsRepository,
    private readonly reader: PayoutsReader,
    private readonly ledger: LedgerService,
    private readonly clock: Clock,
  ) {}

  /**
   * A person has paid an approved manual payout. Once: the reference stays.
   * Errors: `payout_not_manual`, `payout_already_paid`, `payout_not_approved`.
   */
  async markPaid(workspaceId: string, id: string, reference: string, tx: EntityManager): Promise<PayoutDetail> {
    const payout = await this.lock(workspaceId, id, tx);
    if (payout.method !== 'manual') {
      throw conflict('payout_not_manual', `payout ${id} is paid by ${payout.method}, which reports by itself`);
    }
    if (PAID_STATES.includes(payout.state)) {
      throw conflict('payout_already_paid', `payout ${id} is paid already, with the reference ${payout.reference}`);
    }
    if (payout.state !== 'approved') {
      throw conflict('payout_not_approved', `payout ${id} is ${payout.state}; only an approved one can be paid`);
    }
    const at = this.clock.now();
    await this.payouts.move(payout, 'sent', { reference, sentAt: at, failure: null }, tx);
    await this.ledger.post([paying(payout, payout.amountMinor, reference, at)], tx);
    return this.reader.get(workspaceId, id, tx);
  }

  /**
   * A refused payout is sent again, under a new key, since Stripe replays a refusal under the old one. The sender looks first
   * whether a transfer exists after all (rule R13). Errors: `payout_not_failed`.
   */
  async retry(workspaceId: string, id: string, tx: EntityManager): Promise<PayoutDetail> {
    const payout = await this.lock(workspaceId, id, tx);
    if (payout.state !== 'failed') {
      throw conflict('payout_not_failed', `payout ${id} is ${payout.state}; only a failed one can be tried again`);
    }
    const again = { attempt: payout.attempt + 1, availableAt: () => 'now()', failure: null };
    await this.payouts.move(payout, 'approved', again, tx);
    return this.reader.get(workspaceId, id, tx);
  }

  /** Tries again what only our balance at Stripe was too small for. To be called when there is more of it. Answers how many. */
  async retryInsufficient(workspaceId: string, tx: EntityManager): Promise<number> {
    requireTransition('failed', 'approved');
    const [, count] = (await tx.query(
      `UPDATE tributary.payout SET state = 'approved', attempt = attempt + 1, available_at = now(), failure = NULL
        WHERE workspace_id = $1 AND state = 'failed' AND failure = $2`,
      [workspaceId, INSUFFICIENT],
    )) as [unknown, number];
    return count;
  }

  private async lock(workspaceId: string, id: string, tx: EntityManager): Promise<Payout> {
    const payout = await this.payouts.lock(workspaceId, id, tx);
    if (payout === null) throw notFound('payout', id, 'id');
    return payout;
  }
}

function conflict(code: string, message: string): DomainError {
  return new DomainError('conflict', code, message, { field: 'id' });
}
