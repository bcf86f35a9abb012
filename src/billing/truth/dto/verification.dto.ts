import { ArrayMaxSize, IsArray, IsBoolean, IsInt, IsOptional, Matches, Max, Min } from 'class-validator';
import type { TypeComparison } from '../comparison-result.js';
import type { VerificationState } from '../verification.entity.js';

const TYPES_MAX = 300;
const SAMPLE_MAX = 1_000_000;

export class CreateVerificationDto {
  /** Names as in `/v1/billing/<type>`; all that Stripe lists when left out. */
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(TYPES_MAX)
  @Matches(/^[a-z0-9_]{1,64}$/, {
    each: true,
    message: 'each value in types must be a type in the plural, such as "customers"',
  })
  types?: string[];

  /** One connected account's id, or `platform` for the workspace's own objects only; all accounts when left out. */
  @IsOptional()
  @Matches(/^(?:platform|acct_\w{1,250})$/, {
    message: '$property must be the id of a connected account (acct_…), or "platform"',
  })
  account?: string;

  /** Only so many objects of each type, the newest. */
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(SAMPLE_MAX)
  sample?: number;

  /** Also write what was found to be wrong: a sweep on demand. */
  @IsOptional()
  @IsBoolean()
  repair?: boolean;
}

/** A verification in a list. */
export class VerificationSummary {
  id: string;
  state: VerificationState;
  account: string | null;
  types: string[] | null;
  sample: number | null;
  repair: boolean;
  /** Null until it is done. */
  agrees: boolean | null;
  error: string | null;
  createdAt: string;
  finishedAt: string | null;
}

export class VerificationView extends VerificationSummary {
  /** What is known so far; whole when it is done. */
  results: TypeComparison[];
}
