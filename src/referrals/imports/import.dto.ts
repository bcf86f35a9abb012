import { Transform } from 'class-transformer';
import { ArrayMaxSize, IsIn, IsOptional } from 'class-validator';
import { ApiProperty } from '@nestjs/swagger';
import { CurrencyCode, IdText, IsoInstant, Slug } from '../../common/dto-decorators.js';
import { IMPORT_KINDS, IMPORT_SOURCES, type ImportKind, type ImportSource } from './import-fields.js';

const COLUMNS_MAX = 20;

/** What a file is, and what holds for all of its lines. */
export class ImportQuery {
  @IsIn(IMPORT_KINDS, { message: `$property must be one of ${IMPORT_KINDS.join(', ')}` })
  kind: ImportKind;

  /** Whose export it is; the names of its columns are known as far as they are documented. */
  @IsOptional()
  @IsIn(IMPORT_SOURCES, { message: `$property must be one of ${IMPORT_SOURCES.join(', ')}` })
  from?: ImportSource;

  /** `partner_email=Email`: which column a field is; once for each. */
  @IsOptional()
  @Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? [value] : value))
  @ArrayMaxSize(COLUMNS_MAX, { message: `$property may be given ${COLUMNS_MAX} times` })
  @IdText({ each: true })
  @ApiProperty({ type: [String] })
  map?: string[];

  /** The program of lines that name none, by its key. */
  @IsOptional()
  @Slug()
  program?: string;

  /** Of lines that name none. */
  @IsOptional()
  @CurrencyCode()
  currency?: string;

  /** No binding takes effect before: what was sold earlier was paid for elsewhere. */
  @IsOptional()
  @IsoInstant()
  effectiveFrom?: Date;

  /** Where opening balances come from; one for each partner and currency. `from` when left out, or `import`. */
  @IsOptional()
  @Slug()
  source?: string;

  /** `true`: say what would become of each line, and write nothing. */
  @IsOptional()
  @Transform(({ value }: { value: unknown }) => (value === 'true' ? true : value === 'false' ? false : value))
  @IsIn([true, false], { message: '$property must be true or false' })
  @ApiProperty({ type: Boolean })
  dryRun?: boolean;
}

export const LINE_OUTCOMES = ['created', 'unchanged', 'refused'] as const;
export type LineOutcome = (typeof LINE_OUTCOMES)[number];

export class ImportLineView {
  /** As a text editor counts them; the names of the columns are line 1. */
  line: number;
  @ApiProperty({ enum: LINE_OUTCOMES })
  outcome: LineOutcome;
  /** What becomes, or would become, of it; or what is wrong, with the remedy. */
  message: string;
  /** Of a refusal: what programs go by. */
  code: string | null;
  /** Of a refusal: the column at fault, as the file names it. */
  column: string | null;
}

export class ImportView {
  @ApiProperty({ enum: IMPORT_KINDS })
  kind: ImportKind;
  dryRun: boolean;
  lines: number;
  created: number;
  unchanged: number;
  refused: number;
  /** Columns that nothing was taken from. */
  columnsLeftAside: string[];
  /** In a dry run every line, else those that were refused. */
  results: ImportLineView[];
}
