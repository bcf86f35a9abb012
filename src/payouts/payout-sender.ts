import { Injectable, Logger } from '@nestjs/common';
import { PollingWorker } from '../common/background-worker.js';
import { Clock, MS_PER_SECOND } from '../common/clock.js';
import { StripeGateway } from '../stripe/stripe-gateway.service.js';
import { failureCodeOf, outcomeOf } from '../stripe/failure.js';
import { LEASE_SECONDS, PayoutAttempts, type ClaimedPayout } from './payout-attempts.service.js';
import { isKeyTooOld, mustLookFirst } from './sending-rules.js';
import { requestIdOf, TransferLookup } from './transfer-lookup.js';

const POLL_MS = 1_000;
/** Taken together and sent side by side, so that the last is sent well within the lease. */
const CLAIM_SIZE = 5;
/** A call begun after this part of the lease might be answered after its end; such a payout is left to its successor. */
const SEND_WITHIN_MS = (LEASE_SECONDS * MS_PER_SECOND) / 2;

/**
 * Sends approved payouts as Stripe transfers. Intent and key are committed before the call, the call is made outside any
 * transaction, and its outcome is recorded under the lease. What may already have happened (a time-out, a worker that died,
 * an earlier attempt) is looked up before anything is sent again, so that there is one transfer per payout.
 */
@Injectable()
export class PayoutSender extends PollingWorker {
  readonly name = 'payouts';
  private readonly log = new Logger('Payouts');

  constructor(
    private readonly attempts: PayoutAttempts,
    private readonly stripe: StripeGateway,
    private readonly lookup: TransferLookup,
    private readonly clock: Clock,
  ) {
    super(POLL_MS);
  }

  override async runOnce(): Promise<number> {
    const lost = await this.attempts.giveUpLostLeases();
    if (lost > 0) this.log.warn(`${lost} payouts were left by a worker that died; looking them up`);
    const claimed = await this.attempts.claim(CLAIM_SIZE);
    const results = await Promise.allSettled(claimed.map((payout) => this.work(payout)));
    const failed = results.find((result) => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    return claimed.length;
  }

  protected override onFailure(error: unknown): void {
    this.log.error({ message: 'sending payouts stopped for a moment', error });
  }

  private async work(claimed: ClaimedPayout): Promise<void> {
    const looks = mustLookFirst(claimed.attempt, claimed.payout.approvedAt, this.clock.now());
    const ready = looks ? await this.lookFirst(claimed) : claimed;
    if (ready !== null) await this.send(ready);
  }

  /** What is still to be sent, under which key; null when it is settled, postponed, or not this worker's any more. */
  private async lookFirst(claimed: ClaimedPayout): Promise<ClaimedPayout | null> {
    let transferId: string | null;
    try {
      transferId = await this.lookup.find(claimed.payout);
    } catch (error) {
      this.log.warn(`payout ${claimed.payout.id} could not be looked up: ${failureCodeOf(error)}`);
      await this.attempts.recordPostponed(claimed, claimed.from, failureCodeOf(error));
      return null;
    }
    if (transferId !== null) {
      await this.recordSent(claimed, transferId, null);
      return null;
    }
    return isKeyTooOld(claimed.attempt.startedAt, this.clock.now()) ? this.attempts.renew(claimed) : claimed;
  }

  private async send(claimed: ClaimedPayout): Promise<void> {
    const { payout, attempt } = claimed;
    // A process that was stopped meanwhile may not be the only one with this payout any more.
    const leftMs = SEND_WITHIN_MS - (performance.now() - claimed.claimedAtMs);
    if (leftMs <= 0) return;
    let transfer: { id: string; requestId: string | null };
    try {
      const { body } = await this.stripe.post(payout.workspaceId, '/v1/transfers', attempt.body, {
        idempotencyKey: attempt.idempotencyKey,
        priority: 'bulk',
        waitMaxMs: leftMs,
      });
      transfer = { id: String(body.id), requestId: requestIdOf(body) };
    } catch (error) {
      await this.recordFailure(claimed, error);
      return;
    }
    await this.recordSent(claimed, transfer.id, transfer.requestId);
  }

  private async recordSent(claimed: ClaimedPayout, transferId: string, requestId: string | null): Promise<void> {
    if (await this.attempts.recordSent(claimed, transferId, requestId)) return;
    this.log.warn(`payout ${claimed.payout.id} was settled by others; transfer ${transferId} is left to them`);
  }

  private async recordFailure(claimed: ClaimedPayout, error: unknown): Promise<void> {
    const code = failureCodeOf(error);
    const outcome = outcomeOf(error);
    this.log.warn(`payout ${claimed.payout.id}: the call of ${claimed.attempt.idempotencyKey} is ${outcome} (${code})`);
    switch (outcome) {
      case 'rejected':
        return this.attempts.recordFailed(claimed, code, requestIdOf(error));
      case 'retry':
        return this.attempts.recordPostponed(claimed, claimed.from, code);
      case 'unknown':
        return this.attempts.recordPostponed(claimed, 'unknown', code);
    }
  }
}
