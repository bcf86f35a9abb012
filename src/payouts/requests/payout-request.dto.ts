import { IsIn, IsOptional } from 'class-validator';
import { CurrencyCode, IdText, PlainText } from '../../common/dto-decorators.js';
import { PageQuery } from '../../common/page-query.dto.js';
import type { PayoutObstacle } from './payout-obstacles.js';

export const PAYOUT_REQUEST_STATES = ['open', 'closed'] as const;
export type PayoutRequestState = (typeof PAYOUT_REQUEST_STATES)[number];

const REASON_CHARS_MAX = 500;

export class RequestPayoutDto {
  @CurrencyCode()
  currency: string;
}

export class ListPayoutRequestsQuery extends PageQuery {
  @IsOptional()
  @IdText()
  partnerId?: string;

  @IsOptional()
  @IsIn(PAYOUT_REQUEST_STATES, { message: `$property must be one of ${PAYOUT_REQUEST_STATES.join(', ')}` })
  state?: PayoutRequestState;
}

export class ClosePayoutRequestDto {
  /** Why; the partner may read it. */
  @IsOptional()
  @PlainText(REASON_CHARS_MAX)
  reason?: string | null;
}

/** The same over gRPC, where the id is part of the message. */
export class ClosePayoutRequestRequest extends ClosePayoutRequestDto {
  @IdText()
  id: string;
}

export class PayoutRequestView {
  id: string;
  partnerId: string;
  currency: string;
  state: PayoutRequestState;
  /** What a run would have paid when it was asked for. */
  payableMinor: number;
  /** Why a run would have paid nothing then; empty where it would. */
  obstacles: PayoutObstacle[];
  requestedAt: string;
  closedAt: string | null;
  closedReason: string | null;
}
