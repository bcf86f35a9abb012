import { randomCrockford } from '../../src/common/ids.js';
import { formatMoney } from '../../src/common/money.js';

/** What the demo's people do, in minor units; everything that it later expects follows from these figures. */
export const CURRENCY = 'usd';
export const RATE_BPS = 2_000;
export const HOLD_DAYS = 30;
export const PRO_MINOR = 4_900;
export const TEAM_MINOR = 12_000;
export const COURSE_MINOR = 3_000;
export const WORKSHOP_MINOR = 25_000;
export const PROMOTION_PERCENT = 10;
export const PARTIAL_REFUND_MINOR = 3_000;

const RUN_CHARS = 5;

export type PartnerName = 'Ada' | 'Bruno' | 'Chioma';
export const PARTNER_NAMES: readonly PartnerName[] = ['Ada', 'Bruno', 'Chioma'];

/** One line of the table at the end. */
export interface Figures {
  clicks: number;
  signUps: number;
  customers: number;
  /** Collected from the partner's customers, less what was refunded. */
  revenueMinor: number;
  earnedMinor: number;
  reversedMinor: number;
  paidMinor: number;
  /** Still owed. */
  balanceMinor: number;
}

/** Names that no earlier run has used. */
export function newRun(): string {
  return randomCrockford(RUN_CHARS).toLowerCase();
}

export const usd = (amountMinor: number): string => formatMoney({ amountMinor, currency: CURRENCY });

const share = (amountMinor: number): number => (amountMinor * RATE_BPS) / 10_000;
const promoted = (amountMinor: number): number => (amountMinor * (100 - PROMOTION_PERCENT)) / 100;

/** What the first run of payouts owes: the first month, less what was refunded before it was drafted. */
export const DRAFTED: Record<PartnerName, number> = {
  Ada: share(PRO_MINOR + TEAM_MINOR - PARTIAL_REFUND_MINOR),
  Bruno: share(promoted(TEAM_MINOR) + COURSE_MINOR),
  Chioma: share(WORKSHOP_MINOR),
};

/** Bruno's course is refunded whole between the draft and its approval. */
export const PAID: Record<PartnerName, number> = { ...DRAFTED, Bruno: share(promoted(TEAM_MINOR)) };

const RENEWED: Record<PartnerName, number> = { Ada: PRO_MINOR + TEAM_MINOR, Bruno: TEAM_MINOR, Chioma: 0 };

/** By hand from the figures above, so that a fault in the service cannot hide in the demo. */
export const EXPECTED: Record<PartnerName, Figures> = {
  Ada: {
    clicks: 3,
    signUps: 2,
    customers: 2,
    revenueMinor: 2 * (PRO_MINOR + TEAM_MINOR) - PARTIAL_REFUND_MINOR,
    earnedMinor: share(2 * (PRO_MINOR + TEAM_MINOR)),
    reversedMinor: share(PARTIAL_REFUND_MINOR),
    paidMinor: PAID.Ada,
    balanceMinor: share(RENEWED.Ada),
  },
  Bruno: {
    clicks: 2,
    // Quinn by a click, and Pia, whose promotion code is the first that anybody hears of her.
    signUps: 2,
    customers: 2,
    revenueMinor: promoted(TEAM_MINOR) + TEAM_MINOR,
    earnedMinor: share(promoted(TEAM_MINOR) + COURSE_MINOR + TEAM_MINOR),
    reversedMinor: share(COURSE_MINOR),
    paidMinor: PAID.Bruno,
    balanceMinor: share(RENEWED.Bruno),
  },
  Chioma: {
    clicks: 1,
    signUps: 1,
    customers: 1,
    revenueMinor: WORKSHOP_MINOR,
    earnedMinor: share(WORKSHOP_MINOR),
    reversedMinor: 0,
    paidMinor: PAID.Chioma,
    balanceMinor: 0,
  },
};
