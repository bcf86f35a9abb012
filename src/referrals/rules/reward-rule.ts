/** What a rule pays for a sale. Rates are basis points of the base; amounts are minor units of the program's currency. */
export type Rate = { rateBps: number } | { amountMinor: number };

/** A period in which something is counted, half-open, in the program's time zone; `ever` has no end. */
export const PERIODS = ['day', 'month', 'quarter', 'year', 'ever'] as const;
export type Period = (typeof PERIODS)[number];

/** From this count on, itself included, until the next tier's. Minor units of revenue, or a number of sales. */
export type Tier = Rate & { from: number };

/** For so many of the customer's payments; the last phase may be without an end. */
export type Phase = Rate & { payments?: number };

export type Reward =
  /** A share of every sale, for life. */
  | { type: 'percentage'; rateBps: number }
  /** A flat amount for the customer's first sale. */
  | { type: 'one_time'; amountMinor: number }
  /** For so many months from the first payment on, or so many payments, or for life. */
  | ({ type: 'recurring'; months?: number; payments?: number } & Rate)
  /** By what the partner has brought before in the period: the whole sale at one rate, or each part at its tier's. */
  | { type: 'tiered'; by: 'revenue' | 'sales'; period: Period; mode: 'whole_sale' | 'graduated'; tiers: Tier[] }
  /** One rate after the other, by the number of the customer's payments. */
  | { type: 'phases'; phases: Phase[] };

/** What a line, its sale and its customer must be. Members of a list are alternatives; all that is given must hold. */
export interface RuleConditions {
  /** Of the line. */
  products?: string[];
  prices?: string[];
  intervals?: string[];
  /** Of the sale. */
  currencies?: string[];
  countries?: string[];
  minSaleMinor?: number;
  maxSaleMinor?: number;
  metadata?: Record<string, string>;
  /** Whole days of 24 h since the customer was bound to the partner. */
  minCustomerAgeDays?: number;
  maxCustomerAgeDays?: number;
}

/** What a rule is earned by other than a sale: that the customer signed up, or began their first trial. */
export const LEAD_KINDS = ['sign_up', 'trial_start'] as const;
export type LeadKind = (typeof LEAD_KINDS)[number];

export const isLeadKind = (what: string): what is LeadKind => LEAD_KINDS.some((kind) => kind === what);

/** One way to earn. Of a program's rules the first that fits a line, or the lead, takes it. */
export interface RewardRule {
  /** Unique in its program; what was earned by the rule is counted under it, across versions. */
  key: string;
  /** What earns it; for a lead only a flat amount. */
  on: 'sale' | LeadKind;
  when: RuleConditions;
  /** Lines, sales and customers for which the rule does not hold, if any one of these is so. */
  except: RuleConditions;
  firstSaleOnly: boolean;
  /** Never more than the base of the sale. */
  capAtSale: boolean;
  /** Says that a rate over 100 % is meant. */
  mayExceedSale: boolean;
  reward: Reward;
}

/** How much may be earned in all, in money or in number of sales. */
export interface Cap {
  per: 'partner' | 'customer' | 'program';
  period: Period;
  maxMinor?: number;
  maxSales?: number;
}
