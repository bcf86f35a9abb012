import { IsIn, IsOptional } from 'class-validator';
import { IdText, IsoInstant } from '../../common/dto-decorators.js';

export const EXPORT_FORMATS = ['csv', 'ndjson'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

export class ExportQuery {
  @IsOptional()
  @IdText()
  partnerId?: string;

  @IsOptional()
  @IdText()
  programKey?: string;

  /** Included; all from the beginning when left out. */
  @IsOptional()
  @IsoInstant()
  from?: Date;

  /** Excluded; all up to now when left out. */
  @IsOptional()
  @IsoInstant()
  to?: Date;

  /** By the header `Accept` when left out, and NDJSON when that does not say. */
  @IsOptional()
  @IsIn(EXPORT_FORMATS, { message: `$property must be one of ${EXPORT_FORMATS.join(', ')}` })
  format?: ExportFormat;
}
