import { IsIn, IsOptional } from 'class-validator';
import { IdText, PlainText } from '../../common/dto-decorators.js';
import { PartnerProgramQuery } from '../codes/code.dto.js';
import { CommissionView } from '../dto/commission.dto.js';
import type { HoldReason } from './hold-reasons.js';

export const REVIEW_STATES = ['open', 'released', 'rejected'] as const;
export type ReviewState = (typeof REVIEW_STATES)[number];

const REASON_CHARS_MAX = 1_000;

export class ListReviewsQuery extends PartnerProgramQuery {
  /** `open` waits for a decision; default. */
  @IsOptional()
  @IsIn(REVIEW_STATES, { message: `$property must be one of ${REVIEW_STATES.join(', ')}` })
  state?: ReviewState;
}

export class DecideCommissionDto {
  /** Why; the partner may read it. */
  @PlainText(REASON_CHARS_MAX)
  reason: string;
}

/** As `DecideCommissionDto`, with the commission beside it. */
export class DecideCommissionRequest extends DecideCommissionDto {
  @IdText()
  id: string;
}

export class CommissionDecisionView {
  id: string;
  decision: 'released' | 'rejected';
  reason: string;
  /** What held it then. */
  reasons: HoldReason[];
  /** The API key. */
  decidedBy: string;
  decidedAt: string;
}

export class ReviewView extends CommissionView {
  /** What holds it. */
  holds: HoldReason[];
  /** Oldest first. */
  decisions: CommissionDecisionView[];
}
