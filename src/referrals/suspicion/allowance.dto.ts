import { ArrayMaxSize, IsArray, IsIn } from 'class-validator';
import { IdText, PlainText } from '../../common/dto-decorators.js';
import { SUSPICION_CHECKS, type SuspicionCheck } from './suspicion-rules.js';

const REASON_CHARS_MAX = 1_000;

export class PutAllowancesDto {
  /** The checks that are left out for the partner's sales from now on; empty for none. */
  @IsArray({ message: '$property must be a list' })
  @ArrayMaxSize(SUSPICION_CHECKS.length, { message: `$property must be a list of at most ${SUSPICION_CHECKS.length}` })
  @IsIn(SUSPICION_CHECKS, { each: true, message: `$property must be among ${SUSPICION_CHECKS.join(', ')}` })
  checks: SuspicionCheck[];

  /** Why. */
  @PlainText(REASON_CHARS_MAX)
  reason: string;
}

/** As `PutAllowancesDto`, with the partner beside it. */
export class PutAllowancesRequest extends PutAllowancesDto {
  @IdText()
  id: string;
}

export class AllowancesView {
  partnerId: string;
  checks: SuspicionCheck[];
  reason: string;
  /** The API key. */
  allowedBy: string;
  effectiveAt: string;
}
