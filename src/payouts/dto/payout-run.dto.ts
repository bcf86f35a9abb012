import { IsIn, IsOptional } from 'class-validator';
import { CurrencyCode, IdText, IsoInstant, WholeNumber } from '../../common/dto-decorators.js';
import { PageQuery } from '../../common/page-query.dto.js';
import type { PayoutRunState } from '../payout-run.entity.js';
import type { SkippedPartner } from '../run-plan.js';
import type { PayoutView } from './payout.dto.js';

const RUN_STATES: readonly PayoutRunState[] = ['draft', 'approved', 'canceled'];
const REVISION_MAX = 2_147_483_647;

export class CreatePayoutRunDto {
  @CurrencyCode()
  currency: string;

  /** Entries due at it, itself included, are taken. Not in the future; now when left out. */
  @IsOptional()
  @IsoInstant()
  cutoff?: Date;
}

export class ApprovePayoutRunDto {
  /** The one that was looked at; a newer one is refused with `run_changed`. */
  @WholeNumber(1, REVISION_MAX)
  revision: number;
}

/** The same over gRPC, where the id is part of the message. */
export class ApprovePayoutRunRequest extends ApprovePayoutRunDto {
  @IdText()
  id: string;
}

export class ListPayoutRunsQuery extends PageQuery {
  @IsOptional()
  @IsIn(RUN_STATES, { message: `$property must be one of ${RUN_STATES.join(', ')}` })
  state?: PayoutRunState;
}

/** A run in a list. */
export class PayoutRunSummary {
  id: string;
  state: PayoutRunState;
  currency: string;
  cutoff: string;
  revision: number;
  /** The sum of its payouts, those that left it not counted. */
  totalMinor: number;
  payoutCount: number;
  createdAt: string;
  approvedAt: string | null;
  canceledAt: string | null;
}

export class PayoutRunView extends PayoutRunSummary {
  /** Those that left the run are among them, as `canceled`. */
  payouts: PayoutView[];
  /** Who is owed something and is not paid by this run, and why. */
  skipped: SkippedPartner[];
}
