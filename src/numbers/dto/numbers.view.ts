/** What is said of one currency. Amounts in its minor unit. */
export class NumbersMoney {
  currency: string;
  sales: number;
  /** What was collected for the sales, tax and shipping included, before anything was refunded. */
  revenueMinor: number;
  /** Commission, corrections included. */
  earnedMinor: number;
  /** Taken back because money went back, less what was given again. */
  reversedMinor: number;
  /** Taken back because a person said so. */
  rejectedMinor: number;
  /** Earned, less reversed and rejected. */
  netMinor: number;
  /** Owed from before the ledger began. */
  openingMinor: number;
  /** Put on hold, less what was let go. */
  heldMinor: number;
  /** Paid out, less what came back. */
  paidMinor: number;
  /** Net commission over clicks, rounded half away from zero; null without clicks. */
  netPerClickMinor: number | null;
}

export class NumbersRow {
  /** The first day of the day, week or month, as `2026-01-31`; null for the whole time. */
  period: string | null;
  /** The program's key, the partner's id, the code or the group's key; null where nothing was split, and for money of no program, code or group. */
  key: string | null;
  clicks: number;
  signUps: number;
  /** Persons with the first sale that earned. */
  conversions: number;
  sales: number;
  /** Sign-ups over clicks and conversions over sign-ups, in basis points; null where there were none. */
  signUpRateBps: number | null;
  conversionRateBps: number | null;
  /** One per currency, in the order of their codes. */
  money: NumbersMoney[];
}

export class NumbersView {
  from: string;
  to: string;
  timeZone: string;
  data: NumbersRow[];
}

export class LeaderboardRow {
  /** Equal values have equal ranks. */
  rank: number;
  partnerId: string;
  externalId: string;
  name: string | null;
  value: number;
}

export class LeaderboardView {
  from: string;
  to: string;
  timeZone: string;
  data: LeaderboardRow[];
  nextCursor: string | null;
}

export class CohortRevenue {
  currency: string;
  revenueMinor: number;
}

export class CohortMonth {
  /** 0 for the month of the first sale. */
  month: number;
  /** Who paid in it. */
  persons: number;
  /** Of the cohort, in basis points. */
  retentionBps: number;
  /** What they paid, per currency, before refunds. */
  revenue: CohortRevenue[];
}

export class Cohort {
  /** The month of the first sale, as `2026-01`. */
  cohort: string;
  persons: number;
  /** 0 to 12, up to the present month. */
  months: CohortMonth[];
}

export class CohortsView {
  from: string;
  to: string;
  timeZone: string;
  data: Cohort[];
}

export class TimesToConvert {
  /** Who has such a time. */
  persons: number;
  /** Whole seconds, rounded down; null without persons. */
  medianSeconds: number | null;
  p90Seconds: number | null;
}

export class ConversionTimesView {
  from: string;
  to: string;
  timeZone: string;
  /** Who converted. */
  persons: number;
  /** From the person's first click on the code, and from their sign-up by it, to the first sale. */
  fromClick: TimesToConvert;
  fromSignUp: TimesToConvert;
}
