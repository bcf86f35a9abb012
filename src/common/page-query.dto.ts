import { Type } from 'class-transformer';
import { IsOptional, IsString, MaxLength } from 'class-validator';
import { WholeNumber } from './dto-decorators.js';
import { PAGE_LIMIT_DEFAULT, PAGE_LIMIT_MAX } from './pagination.js';

const CURSOR_CHARS_MAX = 1_024;

/** What every list takes; a list with filters extends it. */
export class PageQuery {
  /** How many to show, 1 to 100. */
  @IsOptional()
  @Type(() => Number)
  @WholeNumber(1, PAGE_LIMIT_MAX)
  limit: number = PAGE_LIMIT_DEFAULT;

  /** The `nextCursor` of the page before. */
  @IsOptional()
  @IsString()
  @MaxLength(CURSOR_CHARS_MAX)
  cursor?: string;
}
