import { IsIn, IsOptional } from 'class-validator';
import { IdText, PlainText } from '../../common/dto-decorators.js';
import { PageQuery } from '../../common/page-query.dto.js';
import type { PayoutLine } from '../../ledger/reservations.service.js';
import type { PayoutMethod } from '../../partners/payout-method.entity.js';
import { PAYOUT_STATES, type PayoutState } from '../payout-states.js';

const REFERENCE_CHARS_MAX = 255;

export class MarkPayoutPaidDto {
  /** What the payment is known by at the bank. */
  @PlainText(REFERENCE_CHARS_MAX)
  reference: string;
}

/** The same over gRPC, where the id is part of the message. */
export class MarkPayoutPaidRequest extends MarkPayoutPaidDto {
  @IdText()
  id: string;
}

export class ListPayoutsQuery extends PageQuery {
  @IsOptional()
  @IdText()
  runId?: string;

  @IsOptional()
  @IdText()
  partnerId?: string;

  @IsOptional()
  @IsIn(PAYOUT_STATES, { message: `$property must be one of ${PAYOUT_STATES.join(', ')}` })
  state?: PayoutState;
}

export class PayoutView {
  id: string;
  runId: string;
  partnerId: string;
  state: PayoutState;
  method: PayoutMethod['type'];
  amountMinor: number;
  currency: string;
  /** The transfer's id, or the reference of a payment by hand. */
  reference: string | null;
  /** Why it failed or is unknown, as Stripe's code or a short word. */
  failure: string | null;
  /** What came back of it in all. */
  reversedMinor: number;
  createdAt: string;
  approvedAt: string | null;
  sentAt: string | null;
}

/** One intent to call Stripe; every call under the same key is the same call. */
export class PayoutAttemptView {
  attempt: number;
  idempotencyKey: string;
  startedAt: string;
  tries: number;
  outcome: 'sent' | 'rejected' | 'expired' | null;
  failure: string | null;
  /** Stripe's request id, for their support. */
  providerRequest: string | null;
}

export class PayoutDetail extends PayoutView {
  /** The ledger entries that it pays; their sum is its amount. Empty when they were let go. */
  lines: PayoutLine[];
  attempts: PayoutAttemptView[];
}
