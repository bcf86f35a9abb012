import type { TransferBody } from './payout-attempt.entity.js';
import type { Payout } from './payout.entity.js';

/** Stripe may forget a key after 24 hours. With a margin, an older one protects nothing any more. */
const KEY_TRUSTED_MS = 20 * 60 * 60 * 1_000;

const FIRST_PAUSE_SECONDS = 10;
const LONGEST_PAUSE_SECONDS = 600;

/** The metadata by which a transfer names its payout. */
export const PAYOUT_METADATA = 'tributary_payout';

export function idempotencyKey(payoutId: string, attempt: number): string {
  return `payout:${payoutId}:${attempt}`;
}

/** What is sent for the payout; made once per attempt and kept. */
export function transferBody(
  payout: Pick<Payout, 'id' | 'runId' | 'amountMinor' | 'currency' | 'destination'>,
): TransferBody {
  return {
    amount: payout.amountMinor,
    currency: payout.currency,
    destination: payout.destination ?? '',
    transfer_group: payout.id,
    metadata: { [PAYOUT_METADATA]: payout.id, tributary_run: payout.runId },
  };
}

/** Whether a repetition under the key could be a second transfer. Both in business time, which is Stripe's. */
export function isKeyTooOld(startedAt: Date, now: Date): boolean {
  return now.getTime() - startedAt.getTime() >= KEY_TRUSTED_MS;
}

/**
 * A first call may be made blindly; whatever came before it may have made a transfer, and is looked up. So is what was
 * approved so long ago that its key protects nothing any more: this database may be a restored one that has forgotten a call.
 */
export function mustLookFirst(
  { attempt, tries }: { attempt: number; tries: number },
  approvedAt: Date | null,
  now: Date,
): boolean {
  return attempt > 1 || tries > 1 || approvedAt === null || isKeyTooOld(approvedAt, now);
}

/** How long to wait before taking the payout up again after so many tries. */
export function pauseSeconds(tries: number): number {
  return Math.min(FIRST_PAUSE_SECONDS * 2 ** Math.max(0, tries - 1), LONGEST_PAUSE_SECONDS);
}

/** A transfer as Stripe tells it, as far as it matters here. */
export interface TransferFacts {
  id: string;
  amountMinor: number;
  reversedMinor: number;
  currency: string;
  destination: string | null;
  transferGroup: string | null;
  metadata: Record<string, unknown>;
}

/** Null when it is not the shape of a transfer. */
export function transferFacts(data: Record<string, unknown>): TransferFacts | null {
  const { id, amount, amount_reversed: reversed, currency, destination, transfer_group: group, metadata } = data;
  if (typeof id !== 'string' || typeof amount !== 'number' || typeof currency !== 'string') return null;
  return {
    id,
    amountMinor: amount,
    reversedMinor: typeof reversed === 'number' ? reversed : 0,
    currency,
    destination: destinationId(destination),
    transferGroup: typeof group === 'string' ? group : null,
    metadata: typeof metadata === 'object' && metadata !== null ? (metadata as Record<string, unknown>) : {},
  };
}

/** The payout that the transfer names, or null. Naming is not enough: see `isTransferOf`. */
export function payoutNamedBy({ metadata, transferGroup }: TransferFacts): string | null {
  const named = metadata[PAYOUT_METADATA] ?? transferGroup;
  return typeof named === 'string' && named.startsWith('payout_') ? named : null;
}

/** Whether the transfer is the one that the payout was frozen for. Whoever can write metadata cannot make it fit. */
export function isTransferOf(
  transfer: TransferFacts,
  payout: Pick<Payout, 'id' | 'method' | 'amountMinor' | 'currency' | 'destination'>,
): boolean {
  return (
    payoutNamedBy(transfer) === payout.id &&
    payout.method === 'stripe_connect' &&
    transfer.amountMinor === payout.amountMinor &&
    transfer.currency === payout.currency &&
    transfer.destination !== null &&
    transfer.destination === payout.destination
  );
}

function destinationId(destination: unknown): string | null {
  if (typeof destination === 'string') return destination;
  if (typeof destination !== 'object' || destination === null || !('id' in destination)) return null;
  return typeof destination.id === 'string' ? destination.id : null;
}
