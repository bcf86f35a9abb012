import { Type } from 'class-transformer';
import { Equals, IsIn, IsObject, IsOptional, ValidateNested } from 'class-validator';
import { IdText, IsoInstant } from '../../common/dto-decorators.js';
import { MayBeLeftOut } from '../../common/dto-presence.js';
import { PageQuery } from '../../common/page-query.dto.js';
import { EarningTermsDto } from '../dto/earning-terms.dto.js';
import { RewardDto } from '../dto/reward-rule.dto.js';
import type { Cap, Reward, RewardRule } from '../rules/reward-rule.js';
import { TERMS_SCOPES, type TermsScope } from './terms-precedence.js';

/** What the scopes are called in paths. */
export const SCOPE_OF = { groups: 'group', partners: 'partner', codes: 'code' } as const;
const SCOPE_PATHS = Object.keys(SCOPE_OF) as Array<keyof typeof SCOPE_OF>;

/** `:key/terms/:scope/:id` of a path. */
export class TermsParam {
  /** The program. */
  @IdText()
  key: string;

  @IsIn(SCOPE_PATHS, { message: `$property must be one of ${SCOPE_PATHS.join(', ')}` })
  scope: keyof typeof SCOPE_OF;

  /** The group's key, the partner's id or the code. */
  @IdText()
  id: string;
}

/** Replaces what was said of the scope; what is left out is as the next wider scope has it. */
export class PutTermsDto extends EarningTermsDto {
  /** In short, for a single rule without conditions. */
  @MayBeLeftOut()
  @IsObject({ message: '$property must be an object such as {"type":"percentage","rateBps":2000}' })
  @ValidateNested()
  @Type(() => RewardDto)
  reward?: RewardDto;

  /** No cap at all, the program's included; the same as an empty list of `caps`. */
  @MayBeLeftOut()
  @Equals(true, { message: '$property must be true or left out' })
  uncapped?: true;

  /** Judged by business time; now when left out. */
  @IsOptional()
  @IsoInstant()
  effectiveAt?: Date | null;
}

export class EndTermsQuery {
  /** Judged by business time; now when left out. */
  @IsOptional()
  @IsoInstant()
  effectiveAt?: Date | null;
}

/** The requests of gRPC, which have what HTTP has in its path. */
export class TermsRequest {
  /** The program. */
  @IdText()
  key: string;

  @IsIn(TERMS_SCOPES, { message: `$property must be one of ${TERMS_SCOPES.join(', ')}` })
  scope: TermsScope;

  @IdText()
  id: string;
}

export class PutTermsRequest extends PutTermsDto implements TermsRequest {
  @IdText()
  key: string;

  @IsIn(TERMS_SCOPES, { message: `$property must be one of ${TERMS_SCOPES.join(', ')}` })
  scope: TermsScope;

  @IdText()
  id: string;
}

export class EndTermsRequest extends TermsRequest {
  @IsOptional()
  @IsoInstant()
  effectiveAt?: Date | null;
}

export class ListTermsRequest extends PageQuery {
  @IdText()
  key: string;
}

/** What is said of a scope from an instant on. A field that is null is as the next wider scope has it. */
export class TermsVersionView {
  version: number;
  from: string;
  rules: RewardRule[] | null;
  /** Where the rules can be said in short. */
  reward: Reward | null;
  caps: Cap[] | null;
  /** Whether no cap holds at all. */
  uncapped: boolean;
  holdDays: number | null;
  /** From then on nothing is said of the scope. */
  ended: boolean;
  createdAt: string;
}

export class ScopeTermsView {
  programKey: string;
  scope: TermsScope;
  /** The group's key, the partner's id or the code. */
  id: string;
  /** Now; null before the first ones and after the end. */
  inForce: TermsVersionView | null;
}

export class ScopeTermsHistoryView extends ScopeTermsView {
  /** All that was and is to be said, in the order in which it takes effect. */
  history: TermsVersionView[];
}
