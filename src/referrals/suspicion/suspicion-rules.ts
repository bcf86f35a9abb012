import { MS_PER_SECOND } from '../../common/clock.js';
import { BPS_WHOLE } from '../../common/money.js';

/** What is looked at; each can be allowed to a partner. */
export const SUSPICION_CHECKS = [
  'own_user',
  'own_email',
  'own_card',
  'own_destination',
  'sign_ups_per_address',
  'sign_ups_per_code',
  'sign_ups_per_partner',
  'refund_rate',
  'too_fast',
] as const;
export type SuspicionCheck = (typeof SUSPICION_CHECKS)[number];

export const SUSPICION_MODES = ['off', 'report', 'hold'] as const;

/** What of a program's sales is looked at. A limit of 0 is none. */
export interface SuspicionTerms {
  /** `report` writes down what was found and holds nothing. */
  mode: (typeof SUSPICION_MODES)[number];
  /** Sign-ups in 24 hours that are still believed. */
  signUpsPerAddress: number;
  signUpsPerCode: number;
  signUpsPerPartner: number;
  /** How much of the partner's earlier sales may have been given back, in basis points of their revenue. */
  refundRateBps: number;
  /** A person needs at least so long from the click to the payment. */
  secondsToSale: number;
}

export const DEFAULT_SUSPICION: SuspicionTerms = {
  ...{ mode: 'hold', signUpsPerAddress: 5, signUpsPerCode: 0, signUpsPerPartner: 0, refundRateBps: 0 },
  secondsToSale: 0,
};

/** A rate says something only over so many sales. */
export const REFUND_RATE_SALES_MIN = 10;

/** What is known of a sale, its customer and its partner; counts and rates as they stood at the sale. */
export interface SuspicionFacts {
  occurredAt: Date;
  partner: { externalId: string; email: string | null };
  customer: { externalId: string | null; emails: readonly string[] };
  /** Charges of the sale with an instrument that also paid for the partner, or that the partner is paid to. */
  sharedCards: ReadonlyArray<{ chargeId: string; ownChargeId: string }>;
  sharedDestinations: ReadonlyArray<{ chargeId: string; destinationId: string }>;
  /** Of the customer, with how many there were in the 24 hours up to it, itself included; null where nobody knows. */
  signUp: { at: Date; perAddress: number | null; perCode: number; perPartner: number } | null;
  clickedAt: Date | null;
  refunds: { sales: number; revenueMinor: number; refundedMinor: number };
}

export interface Suspicion {
  check: SuspicionCheck;
  evidence: Record<string, string | number | boolean>;
}

/** What of a sale is suspicious, in the order of the checks. It says nothing of guilt: a person decides (rule R11). Pure. */
export function suspicionsOf(facts: SuspicionFacts, terms: SuspicionTerms): Suspicion[] {
  return [...ownPurchase(facts), ...velocity(facts, terms), ...refundRate(facts, terms), ...tooFast(facts, terms)];
}

function ownPurchase({ partner, customer, sharedCards, sharedDestinations }: SuspicionFacts): Suspicion[] {
  const own = partner.email === null ? null : normalizedEmail(partner.email);
  const [card] = sharedCards;
  const [destination] = sharedDestinations;
  return [
    ...found('own_user', customer.externalId === partner.externalId, { externalId: partner.externalId }),
    ...found('own_email', own !== null && customer.emails.some((email) => normalizedEmail(email) === own), {
      exact: customer.emails.some((email) => email === partner.email),
    }),
    ...found('own_card', card !== undefined, { ...card }),
    ...found('own_destination', destination !== undefined, { ...destination }),
  ];
}

function velocity({ signUp }: SuspicionFacts, terms: SuspicionTerms): Suspicion[] {
  if (signUp === null) return [];
  const over = (check: SuspicionCheck, count: number | null, limit: number): Suspicion[] =>
    found(check, limit > 0 && count !== null && count > limit, {
      ...{ signUps: count ?? 0, limit, hours: 24, signedUpAt: signUp.at.toISOString() },
    });
  return [
    ...over('sign_ups_per_address', signUp.perAddress, terms.signUpsPerAddress),
    ...over('sign_ups_per_code', signUp.perCode, terms.signUpsPerCode),
    ...over('sign_ups_per_partner', signUp.perPartner, terms.signUpsPerPartner),
  ];
}

function refundRate({ refunds }: SuspicionFacts, { refundRateBps }: SuspicionTerms): Suspicion[] {
  const { sales, revenueMinor, refundedMinor } = refunds;
  const isOver =
    refundRateBps > 0 &&
    sales >= REFUND_RATE_SALES_MIN &&
    BigInt(refundedMinor) * BigInt(BPS_WHOLE) > BigInt(revenueMinor) * BigInt(refundRateBps);
  return found('refund_rate', isOver, { sales, revenueMinor, refundedMinor, limitBps: refundRateBps });
}

/** Stripe tells of payments in whole seconds, so that one may seem to come just before its click. */
function tooFast({ clickedAt, occurredAt }: SuspicionFacts, { secondsToSale }: SuspicionTerms): Suspicion[] {
  if (clickedAt === null || secondsToSale === 0) return [];
  // Stripe counts whole seconds: a sale may seem to come up to one before its click.
  const seconds = Math.floor((occurredAt.getTime() - clickedAt.getTime()) / MS_PER_SECOND);
  return found('too_fast', seconds >= -1 && seconds < secondsToSale, {
    ...{ seconds, limit: secondsToSale, clickedAt: clickedAt.toISOString() },
  });
}

function found(check: SuspicionCheck, isFound: boolean, evidence: Suspicion['evidence']): Suspicion[] {
  return isFound ? [{ check, evidence }] : [];
}

const GMAIL: readonly string[] = ['gmail.com', 'googlemail.com'];

/**
 * The mailbox that an address leads to, in lower case: what follows a plus is left out, and at Gmail the dots. Two addresses
 * of one mailbox are equal then. Pure.
 */
export function normalizedEmail(email: string): string {
  const text = email.trim().toLowerCase();
  const at = text.lastIndexOf('@');
  if (at < 1) return text;
  const domain = text.slice(at + 1);
  const [name = ''] = text.slice(0, at).split('+');
  return GMAIL.includes(domain) ? `${name.replaceAll('.', '')}@gmail.com` : `${name}@${domain}`;
}
