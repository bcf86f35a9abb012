import { IntersectionType, PickType } from '@nestjs/swagger';
import { IsoInstant, WholeNumber } from '../../common/dto-decorators.js';
import { MayBeLeftOut } from '../../common/dto-presence.js';
import { ProgramKeyParam, UpdateProgramDto } from '../dto/program.dto.js';

const PARTNERS_MAX = 10_000;

/** What is left out is as it is in the program now. */
export class BacktestDto extends PickType(UpdateProgramDto, ['rules', 'reward', 'caps', 'timeZone', 'policies']) {
  /** Sales from then on, itself included; default all. What lies before is counted for tiers and caps all the same. */
  @MayBeLeftOut()
  @IsoInstant()
  from?: Date;

  /** Sales before then; default now. */
  @MayBeLeftOut()
  @IsoInstant()
  to?: Date;

  /** How many partners to tell of, those first for whom most would change; default 100. */
  @MayBeLeftOut()
  @WholeNumber(0, PARTNERS_MAX)
  partners?: number;
}

export class BacktestRequest extends IntersectionType(ProgramKeyParam, BacktestDto) {}

/** Minor units of one currency. */
export class BacktestSumsView {
  /** Commissions above 0. */
  commissions: number;
  earnedMinor: number;
  /** Of it, what refunds and disputes took back until now, and what people rejected. */
  takenBackMinor: number;
  netMinor: number;
}

export class BacktestTotalView {
  currency: string;
  proposed: BacktestSumsView;
  actual: BacktestSumsView;
}

/** Of the sales of one month. */
export class BacktestMonthView extends BacktestTotalView {
  /** Of the sale, in the time zone, such as `2026-01`. */
  month: string;
}

export class BacktestPartnerView extends BacktestTotalView {
  partnerId: string;
  externalId: string | null;
  months: BacktestMonthView[];
}

export class BacktestView {
  programKey: string;
  timeZone: string;
  from: string | null;
  to: string;
  /** Paid sales in that time of persons whom the program has bound, whether they earned or not. */
  sales: number;
  /** Of them, those that would wait for an exchange rate. */
  awaitingRate: number;
  totals: BacktestTotalView[];
  months: BacktestMonthView[];
  partners: BacktestPartnerView[];
  /** How many more there are of whom nothing is told. */
  partnersLeftOut: number;
}
