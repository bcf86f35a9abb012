import { IsIn, IsOptional } from 'class-validator';
import { IdText, IsoInstant, PlainText } from '../../common/dto-decorators.js';
import { PROGRAM_STATES, type ProgramState } from '../rules/program-lifecycle.js';

const REASON_CHARS_MAX = 500;

export class SetProgramStateDto {
  @IsIn(PROGRAM_STATES, { message: `$property must be one of ${PROGRAM_STATES.join(', ')}` })
  state: ProgramState;

  /** Judged by business time; now when left out. */
  @IsOptional()
  @IsoInstant()
  effectiveAt?: Date | null;
}

export class SetPartnerStandingDto {
  /** Judged by business time; now when left out. */
  @IsOptional()
  @IsoInstant()
  effectiveAt?: Date | null;

  @IsOptional()
  @PlainText(REASON_CHARS_MAX)
  reason?: string | null;
}

/** The requests of gRPC, which have what HTTP has in its path. */
export class SetProgramStateRequest extends SetProgramStateDto {
  @IdText()
  key: string;
}

export class SetPartnerStandingRequest extends SetPartnerStandingDto {
  @IdText()
  id: string;
}
