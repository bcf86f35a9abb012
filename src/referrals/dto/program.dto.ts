import { ApiHideProperty } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { buildMessage, IsIn, IsObject, IsOptional, ValidateBy, ValidateNested } from 'class-validator';
import {
  AmountMinor,
  CurrencyCode,
  PlainText,
  PositiveAmountMinor,
  RateBps,
  Slug,
  WholeNumber,
} from '../../common/dto-decorators.js';
import { CannotBeChanged, MayBeLeftOut, OnlyWith } from '../../common/dto-presence.js';
import type { Reward } from '../referral-program-version.entity.js';

const NAME_CHARS_MAX = 200;
const URL_CHARS_MAX = 2_048;
const DAYS_MAX = 3_650;
const REWARD_TYPES = ['percentage', 'one_time'] as const;
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

/** `{ type: "percentage", rateBps }` or `{ type: "one_time", amountMinor }`. */
export class RewardDto {
  @IsIn(REWARD_TYPES, { message: `$property must be one of ${REWARD_TYPES.join(', ')}` })
  type: (typeof REWARD_TYPES)[number];

  @OnlyWith('type', 'percentage')
  @RateBps()
  rateBps?: number;

  @OnlyWith('type', 'one_time')
  @PositiveAmountMinor()
  amountMinor?: number;
}

/** The reward as it is kept, with nothing but its own fields. */
export function rewardOf({ type, rateBps, amountMinor }: RewardDto): Reward {
  return type === 'percentage' ? { type, rateBps: Number(rateBps) } : { type, amountMinor: Number(amountMinor) };
}

class ProgramTermsDto {
  /** From the sale until its commission may be paid; default 30. */
  @MayBeLeftOut()
  @WholeNumber(0, DAYS_MAX)
  holdDays?: number;

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

  @IsObject({ message: '$property must be an object such as {"type":"percentage","rateBps":2000}' })
  @ValidateNested()
  @Type(() => RewardDto)
  reward: RewardDto;
}

export class UpdateProgramDto extends ProgramTermsDto {
  @ApiHideProperty()
  @CannotBeChanged('codes and links name it; create another program instead')
  key?: never;

  @MayBeLeftOut()
  @PlainText(NAME_CHARS_MAX)
  name?: string;

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

export class ProgramView {
  id: string;
  key: string;
  name: string;
  /** Null: each sale's own. */
  currency: string | null;
  reward: Reward;
  holdDays: number;
  conversionWindowDays: number;
  minPayoutMinor: number;
  touch: 'last' | 'first';
  landingUrl: string | null;
  /** How often the terms were set. */
  version: number;
  createdAt: string;
}
