import { IsIn, IsOptional } from 'class-validator';
import { CurrencyCode, IdText, IsoInstant } from '../../common/dto-decorators.js';
import { PageQuery } from '../../common/page-query.dto.js';
import { SPLITS, STEPS, type Split, type Step } from '../cut.js';
import { FIGURES, type Figure } from '../figures.js';

const oneOf = (values: readonly string[]) => ({ message: `$property must be one of ${values.join(', ')}` });

/** What figures can be narrowed to. */
export class SliceQuery {
  @IsOptional()
  @IdText()
  programKey?: string;

  @IsOptional()
  @IdText()
  partnerId?: string;

  @IsOptional()
  @IdText()
  code?: string;

  /** The partners who were in the group at the time of what is counted. */
  @IsOptional()
  @IdText()
  groupKey?: string;

  /** Included; the first of the month of `to` when left out, for cohorts the first of the month a year before. */
  @IsOptional()
  @IsoInstant()
  from?: Date;

  /** Excluded; now when left out. */
  @IsOptional()
  @IsoInstant()
  to?: Date;
}

export class NumbersQuery extends SliceQuery {
  /** A row for each day, week (from Monday) or month; one for the whole time when left out. */
  @IsOptional()
  @IsIn(STEPS, oneOf(STEPS))
  by?: Step;

  /** A row for each program, partner, code or group of partners; one for all of them when left out. */
  @IsOptional()
  @IsIn(SPLITS, oneOf(SPLITS))
  split?: Split;
}

export class LeaderboardQuery extends PageQuery {
  @IsIn(FIGURES, oneOf(FIGURES))
  figure: Figure;

  /** Asked for by figures that are money, refused beside the others. */
  @IsOptional()
  @CurrencyCode()
  currency?: string;

  @IsOptional()
  @IdText()
  programKey?: string;

  @IsOptional()
  @IdText()
  code?: string;

  /** The partners who were in the group at the time of what is counted. */
  @IsOptional()
  @IdText()
  groupKey?: string;

  /** Included; the first of the month of `to` when left out. */
  @IsOptional()
  @IsoInstant()
  from?: Date;

  /** Excluded; now when left out. */
  @IsOptional()
  @IsoInstant()
  to?: Date;
}
