import { ApiHideProperty } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  buildMessage,
  IsBoolean,
  IsIn,
  IsObject,
  IsOptional,
  ValidateBy,
  ValidateIf,
  ValidateNested,
} from 'class-validator';
import { AmountMinor, CurrencyCode, PlainText, Slug, WholeNumber } from '../../common/dto-decorators.js';
import { CannotBeChanged, MayBeLeftOut } from '../../common/dto-presence.js';
import { CustomerDiscountDto, CustomerDiscountView } from '../discounts/discount.dto.js';
import { isTimeZone } from '../rules/calendar.js';
import type { ProgramState } from '../rules/program-lifecycle.js';
import type { ProgramPolicies } from '../rules/program-policies.js';
import type { Cap, Reward, RewardRule } from '../rules/reward-rule.js';
import { SuspicionDto } from '../suspicion/suspicion.dto.js';
import type { SuspicionTerms } from '../suspicion/suspicion-rules.js';
import { DAYS_MAX, EarningTermsDto } from './earning-terms.dto.js';
import { RewardDto } from './reward-rule.dto.js';

const NAME_CHARS_MAX = 200;
const URL_CHARS_MAX = 2_048;
const FIRST_STATES = ['draft', 'active'] as const;
const TOUCHES = ['last', 'first'] as const;

/** A whole address of a page, without credentials in it. */
function WebAddress(): PropertyDecorator {
  return ValidateBy({
    name: 'webAddress',
    validator: {
      validate: isWebAddress,
      defaultMessage: buildMessage(
        () => `$property must be an http or https URL of at most ${URL_CHARS_MAX} characters, without user name`,
      ),
    },
  });
}

function isWebAddress(value: unknown): boolean {
  if (typeof value !== 'string' || value.length > URL_CHARS_MAX || !/^https?:\/\//i.test(value)) return false;
  if (!URL.canParse(value)) return false;
  const { username, password } = new URL(value);
  return username === '' && password === '';
}

/** A place of the time zone database. */
function TimeZone(): PropertyDecorator {
  return ValidateBy({
    name: 'timeZone',
    validator: {
      validate: isTimeZone,
      defaultMessage: buildMessage(() => '$property must be a time zone of the IANA database, such as "Europe/Berlin"'),
    },
  });
}

const YES_OR_NO = { message: '$property must be true or false' };

/** What is left out stays as it is. */
class ProgramPoliciesDto implements Partial<ProgramPolicies> {
  /** Whether only those can be bound who have not bought before; default true. */
  @MayBeLeftOut()
  @IsBoolean(YES_OR_NO)
  newCustomersOnly?: boolean;

  /** Whether a deactivated partner earns on from the customers they have; default false. */
  @MayBeLeftOut()
  @IsBoolean(YES_OR_NO)
  earnAfterDeactivation?: boolean;

  /** Whether tax counts as part of what was sold; default false. */
  @MayBeLeftOut()
  @IsBoolean(YES_OR_NO)
  includeTax?: boolean;

  /** Whether shipping does; default false. */
  @MayBeLeftOut()
  @IsBoolean(YES_OR_NO)
  includeShipping?: boolean;

  /** Whether money counts that was paid out of band; default false. */
  @MayBeLeftOut()
  @IsBoolean(YES_OR_NO)
  includeOutOfBand?: boolean;
}

class ProgramTermsDto extends EarningTermsDto {
  /** Where days, months and quarters begin; default `UTC`. */
  @MayBeLeftOut()
  @TimeZone()
  timeZone?: string;

  /** From the click until the sign-up; default 30. */
  @MayBeLeftOut()
  @WholeNumber(0, DAYS_MAX)
  conversionWindowDays?: number;

  /** Less than this waits for the next run; default 1000. */
  @MayBeLeftOut()
  @AmountMinor()
  minPayoutMinor?: number;

  /** Which of several links decides; default `last`. */
  @MayBeLeftOut()
  @IsIn(TOUCHES, { message: `$property must be one of ${TOUCHES.join(', ')}` })
  touch?: (typeof TOUCHES)[number];

  @MayBeLeftOut()
  @IsObject({ message: '$property must be an object such as {"earnAfterDeactivation":true}' })
  @ValidateNested()
  @Type(() => ProgramPoliciesDto)
  policies?: ProgramPoliciesDto;

  /** Which sales are suspicious, and what becomes of their commissions; default: they are held. */
  @MayBeLeftOut()
  @IsObject({ message: '$property must be an object such as {"mode":"report"}' })
  @ValidateNested()
  @Type(() => SuspicionDto)
  suspicion?: SuspicionDto;

  /** What the new customers get by the codes that are made from now on; null for nothing. */
  @IsOptional()
  @IsObject({ message: '$property must be an object such as {"percentOff":20,"duration":"once"}' })
  @ValidateNested()
  @Type(() => CustomerDiscountDto)
  customerDiscount?: CustomerDiscountDto | null;

  /** Where `/r/<code>` leads. */
  @IsOptional()
  @WebAddress()
  landingUrl?: string | null;
}

export class CreateProgramDto extends ProgramTermsDto {
  @Slug()
  key: string;

  @PlainText(NAME_CHARS_MAX)
  name: string;

  /** Commissions are counted in it; default `usd`. */
  @MayBeLeftOut()
  @CurrencyCode()
  currency?: string;

  /** Default `active`; as a `draft` nobody is bound and nothing earned. */
  @MayBeLeftOut()
  @IsIn(FIRST_STATES, { message: `$property must be one of ${FIRST_STATES.join(', ')}` })
  state?: (typeof FIRST_STATES)[number];

  /** In short, for a program with one rule and no conditions; `rules` says more. */
  @ValidateIf(({ rules, reward }: CreateProgramDto) => rules === undefined || reward !== undefined)
  @IsObject({ message: '$property must be an object such as {"type":"percentage","rateBps":2000}' })
  @ValidateNested()
  @Type(() => RewardDto)
  reward?: RewardDto;
}

export class UpdateProgramDto extends ProgramTermsDto {
  @ApiHideProperty()
  @CannotBeChanged('codes and links name it; create another program instead')
  key?: never;

  @MayBeLeftOut()
  @PlainText(NAME_CHARS_MAX)
  name?: string;

  @ApiHideProperty()
  @CannotBeChanged('it has moments: use POST /v1/programs/:key/state')
  state?: never;

  @ApiHideProperty()
  @CannotBeChanged('what was earned is counted in it; create another program instead')
  currency?: never;

  @MayBeLeftOut()
  @IsObject({ message: '$property must be an object such as {"type":"percentage","rateBps":2000}' })
  @ValidateNested()
  @Type(() => RewardDto)
  reward?: RewardDto;
}

/** `:key` of a path, or the `key` of a gRPC request: an unknown one is simply not found. */
export class ProgramKeyParam {
  @PlainText(URL_CHARS_MAX)
  key: string;
}

/** What a program is from an instant on. */
export class ProgramStateView {
  state: ProgramState;
  from: string;
}

export class ProgramView {
  id: string;
  key: string;
  name: string;
  /** Null: each sale's own. */
  currency: string | null;
  /** The reward of a program that was told in short; null where its rules say more. */
  reward: Reward | null;
  rules: RewardRule[];
  caps: Cap[];
  timeZone: string;
  holdDays: number;
  conversionWindowDays: number;
  minPayoutMinor: number;
  touch: 'last' | 'first';
  policies: ProgramPolicies;
  /** Now. */
  state: ProgramState;
  /** All that it was and is to be, in the order in which it takes effect. */
  states: ProgramStateView[];
  suspicion: SuspicionTerms;
  customerDiscount: CustomerDiscountView | null;
  landingUrl: string | null;
  /** How often the terms were set. */
  version: number;
  createdAt: string;
}
