import { Type } from 'class-transformer';
import { ArrayMaxSize, IsArray, ValidateNested } from 'class-validator';
import { FilledList, WholeNumber } from '../../common/dto-decorators.js';
import { MayBeLeftOut } from '../../common/dto-presence.js';
import { CapDto, RewardRuleDto } from './reward-rule.dto.js';

export const DAYS_MAX = 3_650;
const RULES_MAX = 100;
const CAPS_MAX = 20;

/** What decides how much a sale earns and when it may be paid: of a program, or of a group, partner or code in it. */
export class EarningTermsDto {
  /** In the order in which they are tried; the first that fits a line takes it. */
  @MayBeLeftOut()
  @FilledList(RULES_MAX)
  @ValidateNested({ each: true })
  @Type(() => RewardRuleDto)
  rules?: RewardRuleDto[];

  /** How much may be earned in all; an empty list for no cap. */
  @MayBeLeftOut()
  @ArrayMaxSize(CAPS_MAX, { message: `$property must be a list of at most ${CAPS_MAX}` })
  @IsArray({ message: '$property must be a list' })
  @ValidateNested({ each: true })
  @Type(() => CapDto)
  caps?: CapDto[];

  /** From the sale until its commission may be paid. */
  @MayBeLeftOut()
  @WholeNumber(0, DAYS_MAX)
  holdDays?: number;
}
