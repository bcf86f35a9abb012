import { Injectable, Logger } from '@nestjs/common';
import { embeddedObjects } from '../billing/objects/shapes.js';
import { DomainError } from '../common/errors.js';
import { StripeGateway } from '../stripe/stripe-gateway.service.js';
import type { Payout } from './payout.entity.js';
import { isTransferOf, transferFacts } from './sending-rules.js';

const PAGE_SIZE = 100;
/** A payout's group holds one transfer; beyond this something is very wrong, and nothing must be sent. */
const MAX_PAGES = 20;

/** Asks Stripe whether the transfer of a payout exists. */
@Injectable()
export class TransferLookup {
  private readonly log = new Logger('Payouts');

  constructor(private readonly stripe: StripeGateway) {}

  /**
   * The transfer's id, or null when Stripe has none. Reads every page of the payout's transfer group. Errors are Stripe's, or
   * `list_too_long`; then nothing is known.
   */
  async find(payout: Payout): Promise<string | null> {
    let after: string | null = null;
    for (let page = 0; page < MAX_PAGES; page++) {
      const query = new URLSearchParams({ transfer_group: payout.id, limit: String(PAGE_SIZE) });
      if (after !== null) query.set('starting_after', after);
      const { body } = await this.stripe.get(payout.workspaceId, `/v1/transfers?${query.toString()}`);
      const transfers = embeddedObjects(body).flatMap((data) => transferFacts(data) ?? []);
      const found = transfers.find((transfer) => isTransferOf(transfer, payout));
      if (found !== undefined) return found.id;
      for (const { id } of transfers) this.log.warn(`transfer ${id} names payout ${payout.id} and does not fit it`);
      if (body.has_more !== true) return null;
      after = transfers.at(-1)?.id ?? null;
    }
    throw new DomainError('upstream_failed', 'list_too_long', `the transfer group ${payout.id} did not end`);
  }
}

/** Stripe's id of the request behind an answer or an error, or null. */
export function requestIdOf(answer: unknown): string | null {
  if (typeof answer !== 'object' || answer === null) return null;
  const { requestId, lastResponse } = answer as { requestId?: unknown; lastResponse?: { requestId?: unknown } };
  const id = requestId ?? lastResponse?.requestId;
  return typeof id === 'string' ? id : null;
}
