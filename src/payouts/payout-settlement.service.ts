import { Injectable, Logger } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { BillingReader } from '../billing/billing-reader.service.js';
import { typeOfTable } from '../billing/objects/registry.js';
import type { SettleKey } from '../billing/mirror/settle-queue.js';
import { Clock } from '../common/clock.js';
import { LedgerService } from '../ledger/ledger.service.js';
import { Drafts } from './drafts.service.js';
import { closeAttempt } from './payout-attempts.service.js';
import { paying, returning } from './payout-ledger.js';
import { AWAITING_STATES, PAID_STATES, type PayoutState } from './payout-states.js';
import type { Payout } from './payout.entity.js';
import { PayoutsRepository } from './payouts.repository.js';
import { isTransferOf, payoutNamedBy, transferFacts, type TransferFacts } from './sending-rules.js';

/** Transfers are made by the workspace's own account; what a connected account transfers is its own business. */
const OWN_ACCOUNT = '';

/** What Stripe says of transfers, payouts and accounts, and what follows from it for payouts. For the settling transaction. */
@Injectable()
export class PayoutSettlement {
  private readonly log = new Logger('Payouts');

  constructor(
    private readonly mirror: BillingReader,
    private readonly payouts: PayoutsRepository,
    private readonly drafts: Drafts,
    private readonly ledger: LedgerService,
    private readonly clock: Clock,
  ) {}

  /** Brings what hangs on the key in line with the mirror. Safe to repeat; a key that no payout hangs on changes nothing. */
  async settle(key: SettleKey, tx: EntityManager): Promise<void> {
    switch (key.kind) {
      case 'transfer':
        return this.settleTransfer(key.workspaceId, key.account, key.id, tx);
      case 'payout':
        return this.settlePayout();
      default:
        // An account's capabilities are read when a run is drafted; Stripe holds what was approved before against them itself.
        return;
    }
  }

  /** Drafts take in what was taken back since they were made. To be called after postings, with the partners concerned. */
  async joinDrafts(workspaceId: string, partnerIds: readonly string[], tx: EntityManager): Promise<void> {
    await this.drafts.joinDrafts(workspaceId, partnerIds, tx);
  }

  /**
   * The mirror's transfer pays the payout that it names, if it is exactly what the payout was frozen for; otherwise it is
   * logged and ignored. What was reversed of it since is owed again, once, in the next payout.
   */
  async settleTransfer(workspaceId: string, account: string, transferId: string, tx: EntityManager): Promise<void> {
    if (account !== OWN_ACCOUNT) return;
    const transfer = await this.transferIn(workspaceId, transferId, tx);
    const payoutId = transfer && payoutNamedBy(transfer);
    if (transfer === null || payoutId === null) return;
    const payout = await this.payouts.lock(workspaceId, payoutId, tx);
    if (payout === null) return;
    if (!fits(transfer, payout)) {
      this.log.error(
        `transfer ${transferId} names payout ${payoutId} (${payout.state}) and is not its transfer; ignored`,
      );
      return;
    }
    const paid = PAID_STATES.includes(payout.state) ? payout : await this.recordSent(payout, transfer, tx);
    await this.recordReversed(paid, transfer, tx);
  }

  /**
   * Does nothing: a `po_…` is a connected account's transfer to its bank, over any number of our transfers and its other
   * income, so that it says nothing of one payout. `settled` is reached when the bank's leg is followed by its balance
   * transactions (rule R12).
   */
  settlePayout(): Promise<void> {
    return Promise.resolve();
  }

  private async transferIn(workspaceId: string, id: string, tx: EntityManager): Promise<TransferFacts | null> {
    const type = typeOfTable('transfers');
    const row = type && (await this.mirror.find(type.model, workspaceId, id, OWN_ACCOUNT, tx));
    return row ? transferFacts(row.data) : null;
  }

  private async recordSent(payout: Payout, transfer: TransferFacts, tx: EntityManager): Promise<Payout> {
    const at = this.clock.now();
    const sent = { reference: transfer.id, sentAt: at, failure: null };
    await this.payouts.move(payout, 'sent', sent, tx);
    await closeAttempt(payout, payout.attempt, { outcome: 'sent', failure: null }, tx);
    await this.ledger.post([paying(payout, payout.amountMinor, transfer.id, at)], tx);
    return { ...payout, ...sent, state: 'sent', leaseToken: null };
  }

  private async recordReversed(payout: Payout, transfer: TransferFacts, tx: EntityManager): Promise<void> {
    const reversedMinor = Math.min(transfer.reversedMinor, payout.amountMinor);
    const differenceMinor = reversedMinor - payout.reversedMinor;
    if (differenceMinor <= 0) return;
    const state: PayoutState = reversedMinor === payout.amountMinor ? 'reversed' : 'partially_reversed';
    await this.payouts.move(payout, state, { reversedMinor }, tx);
    await this.ledger.post([returning(payout, differenceMinor, reversedMinor, transfer.id, this.clock.now())], tx);
  }
}

/** A second transfer for a payout that has one is not its transfer, however well it fits. */
function fits(transfer: TransferFacts, payout: Payout): boolean {
  if (!isTransferOf(transfer, payout)) return false;
  return PAID_STATES.includes(payout.state) ? payout.reference === transfer.id : AWAITING_STATES.includes(payout.state);
}
