import { Type } from 'class-transformer';
import { IsBoolean, IsIn, IsObject, Matches, ValidateNested } from 'class-validator';
import {
  AmountMinor,
  CurrencyCodes,
  FilledList,
  IdText,
  PositiveAmountMinor,
  RateBps,
  Slug,
  TextMap,
  WholeNumber,
} from '../../common/dto-decorators.js';
import { MayBeLeftOut, OnlyWith, OptionalWith } from '../../common/dto-presence.js';
import {
  LEAD_KINDS,
  PERIODS,
  type Cap,
  type Phase,
  type Reward,
  type RewardRule,
  type Tier,
} from '../rules/reward-rule.js';

const REWARD_TYPES = ['percentage', 'one_time', 'recurring', 'tiered', 'phases'] as const;
const INTERVALS = ['day', 'week', 'month', 'year', 'once'] as const;
const EARNED_ON = ['sale', ...LEAD_KINDS] as const;
const COUNTED = ['partner', 'customer', 'program'] as const;
const RATE_BPS_MAX = 100_000;
const MONTHS_MAX = 1_200;
const PAYMENTS_MAX = 10_000;
const COUNT_MAX = Number.MAX_SAFE_INTEGER;
const LIST_MAX = 500;
const STEPS_MAX = 50;

const oneOf = (values: readonly string[]): { message: string } => ({
  message: `$property must be one of ${values.join(', ')}`,
});

/** One tier; `from` is what must have been brought before, its own sale not included. */
export class TierDto {
  @WholeNumber(0, COUNT_MAX)
  from: number;

  @MayBeLeftOut()
  @RateBps(RATE_BPS_MAX)
  rateBps?: number;

  @MayBeLeftOut()
  @AmountMinor()
  amountMinor?: number;
}

export class PhaseDto {
  /** Left out: without an end. */
  @MayBeLeftOut()
  @WholeNumber(1, PAYMENTS_MAX)
  payments?: number;

  @MayBeLeftOut()
  @RateBps(RATE_BPS_MAX)
  rateBps?: number;

  @MayBeLeftOut()
  @AmountMinor()
  amountMinor?: number;
}

/** What is paid; which fields belong to which type stands in docs/programs.md. */
export class RewardDto {
  @IsIn(REWARD_TYPES, oneOf(REWARD_TYPES))
  type: (typeof REWARD_TYPES)[number];

  @OptionalWith('type', 'percentage', 'recurring')
  @RateBps(RATE_BPS_MAX)
  rateBps?: number;

  @OptionalWith('type', 'one_time', 'recurring')
  @PositiveAmountMinor()
  amountMinor?: number;

  /** From the customer's first payment on. */
  @OptionalWith('type', 'recurring')
  @WholeNumber(1, MONTHS_MAX)
  months?: number;

  @OptionalWith('type', 'recurring')
  @WholeNumber(1, PAYMENTS_MAX)
  payments?: number;

  @OnlyWith('type', 'tiered')
  @IsIn(['revenue', 'sales'], oneOf(['revenue', 'sales']))
  by?: 'revenue' | 'sales';

  @OnlyWith('type', 'tiered')
  @IsIn(PERIODS, oneOf(PERIODS))
  period?: (typeof PERIODS)[number];

  @OnlyWith('type', 'tiered')
  @IsIn(['whole_sale', 'graduated'], oneOf(['whole_sale', 'graduated']))
  mode?: 'whole_sale' | 'graduated';

  @OnlyWith('type', 'tiered')
  @FilledList(STEPS_MAX)
  @ValidateNested({ each: true })
  @Type(() => TierDto)
  tiers?: TierDto[];

  @OnlyWith('type', 'phases')
  @FilledList(STEPS_MAX)
  @ValidateNested({ each: true })
  @Type(() => PhaseDto)
  phases?: PhaseDto[];
}

export class RuleConditionsDto {
  /** Products of Stripe's, by id. */
  @MayBeLeftOut()
  @FilledList(LIST_MAX)
  @IdText({ each: true })
  products?: string[];

  @MayBeLeftOut()
  @FilledList(LIST_MAX)
  @IdText({ each: true })
  prices?: string[];

  /** Of the price; `once` is what is paid once. */
  @MayBeLeftOut()
  @FilledList(LIST_MAX)
  @IsIn(INTERVALS, { each: true, ...oneOf(INTERVALS) })
  intervals?: string[];

  @MayBeLeftOut()
  @FilledList(LIST_MAX)
  @CurrencyCodes()
  currencies?: string[];

  /** Where the customer lives: ISO 3166, two upper-case letters. */
  @MayBeLeftOut()
  @FilledList(LIST_MAX)
  @Matches(/^[A-Z]{2}$/, { each: true, message: 'each of $property must be two upper-case letters, such as "DE"' })
  countries?: string[];

  /** The sale after discounts, without tax; minor units of its own currency. */
  @MayBeLeftOut()
  @AmountMinor()
  minSaleMinor?: number;

  @MayBeLeftOut()
  @AmountMinor()
  maxSaleMinor?: number;

  /** Of the invoice, checkout session or own sale. */
  @MayBeLeftOut()
  @TextMap(LIST_MAX)
  metadata?: Record<string, string>;

  /** Days of 24 h from the binding to the sale. */
  @MayBeLeftOut()
  @WholeNumber(0, 36_500)
  minCustomerAgeDays?: number;

  @MayBeLeftOut()
  @WholeNumber(0, 36_500)
  maxCustomerAgeDays?: number;
}

export class RewardRuleDto {
  @Slug()
  key: string;

  /** What earns it; default `sale`. For a sign-up or the start of a trial only a flat `one_time` reward is paid. */
  @MayBeLeftOut()
  @IsIn(EARNED_ON, oneOf(EARNED_ON))
  on?: (typeof EARNED_ON)[number];

  @MayBeLeftOut()
  @IsObject({ message: '$property must be an object such as {"products":["prod_1"]}' })
  @ValidateNested()
  @Type(() => RuleConditionsDto)
  when?: RuleConditionsDto;

  @MayBeLeftOut()
  @IsObject({ message: '$property must be an object such as {"countries":["US"]}' })
  @ValidateNested()
  @Type(() => RuleConditionsDto)
  except?: RuleConditionsDto;

  /** Default false. */
  @MayBeLeftOut()
  @IsBoolean({ message: '$property must be true or false' })
  firstSaleOnly?: boolean;

  /** Never more than the sale itself; default false. */
  @MayBeLeftOut()
  @IsBoolean({ message: '$property must be true or false' })
  capAtSale?: boolean;

  /** Says that a rate over 100 % is meant; default false. */
  @MayBeLeftOut()
  @IsBoolean({ message: '$property must be true or false' })
  mayExceedSale?: boolean;

  @IsObject({ message: '$property must be an object such as {"type":"percentage","rateBps":2000}' })
  @ValidateNested()
  @Type(() => RewardDto)
  reward: RewardDto;
}

export class CapDto {
  @IsIn(COUNTED, oneOf(COUNTED))
  per: (typeof COUNTED)[number];

  @IsIn(PERIODS, oneOf(PERIODS))
  period: (typeof PERIODS)[number];

  /** Of the program's currency. */
  @MayBeLeftOut()
  @PositiveAmountMinor()
  maxMinor?: number;

  @MayBeLeftOut()
  @WholeNumber(1, COUNT_MAX)
  maxSales?: number;
}

/** The rule as it is kept: all that may be left out is filled in, and nothing but its own fields. */
export function ruleOf({ key, on = 'sale', when, except, reward, ...flags }: RewardRuleDto): RewardRule {
  const { firstSaleOnly = false, capAtSale = false, mayExceedSale = false } = flags;
  return {
    ...{ key, on, when: given({ ...when }), except: given({ ...except }) },
    ...{ firstSaleOnly, capAtSale, mayExceedSale, reward: rewardOf(reward) },
  };
}

export function rewardOf(dto: RewardDto): Reward {
  const { phases, tiers, ...rest } = dto;
  return given({
    ...rest,
    tiers: tiers?.map((tier) => given({ ...tier }) as Tier),
    phases: phases?.map((phase) => given({ ...phase }) as Phase),
  }) as Reward;
}

export function capOf(dto: CapDto): Cap {
  return given({ ...dto });
}

/** Without the fields that were left out. */
function given<T extends object>(object: T): T {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as T;
}
