import { formatMoney } from '../../common/money.js';
import { at, isObject, minorOf, secondsOf } from './shapes.js';
import type { StripeData } from './stripe-model.entity.js';

export const CHARGE_STATES = [
  'succeeded',
  'partially_captured',
  'partially_refunded',
  'refunded',
  'disputed',
  'dispute_lost',
  'uncaptured',
  'authorization_canceled',
  'pending',
  'failed',
  'unknown',
] as const;

export interface ChargeStatus {
  state: (typeof CHARGE_STATES)[number];
  /** A sentence for people. */
  explanation: string;
}

/** A dispute as far as it is known; older charges carry its id alone, newer ones only the flag `disputed`. */
export interface KnownDispute {
  id: string;
  status: string;
  reason: string | null;
}

/** What was really taken, in minor units; before 2020-08-27 a charge said only whether it was captured. */
export function capturedMinor(charge: StripeData): number {
  if (typeof charge.amount_captured === 'number') return charge.amount_captured;
  return charge.captured === false ? 0 : minorOf(charge.amount);
}

/**
 * What went back of what was taken, in minor units. What an incomplete capture let go counts as refunded at Stripe, though
 * it was never taken. `refundedMinor` is what the refunds that are known come to, where that is more.
 */
export function givenBackMinor(charge: StripeData, refundedMinor = 0): number {
  const refunded = Math.max(minorOf(charge.amount_refunded), refundedMinor);
  const letGo = Math.max(0, minorOf(charge.amount) - capturedMinor(charge));
  return refunded >= letGo ? refunded - letGo : refunded;
}

/** What can still be given back, in minor units; never negative. */
export function refundableMinor(charge: StripeData, refundedMinor = 0): number {
  if (charge.status !== undefined && charge.status !== 'succeeded') return 0;
  return Math.max(0, capturedMinor(charge) - givenBackMinor(charge, refundedMinor));
}

/** Where a charge stands, in one word and in one sentence; the most pressing first. Pure. */
export function chargeStatus(charge: StripeData, disputes: readonly KnownDispute[] = []): ChargeStatus {
  const taken = amountText(capturedMinor(charge), charge.currency);
  if (charge.status === 'failed') return { state: 'failed', explanation: `Failed: ${failureOf(charge)}.` };
  if (charge.status === 'pending')
    return {
      state: 'pending',
      explanation: `Pending: ${amountText(minorOf(charge.amount), charge.currency)} is on its way.`,
    };
  if (charge.status !== 'succeeded')
    return { state: 'unknown', explanation: `Stripe calls it ${JSON.stringify(charge.status ?? null)}.` };
  if (charge.captured === false) return uncaptured(charge);
  return disputed(charge, disputes) ?? givenBack(charge, taken) ?? keptWhole(charge, taken);
}

function uncaptured(charge: StripeData): ChargeStatus {
  const held = amountText(minorOf(charge.amount), charge.currency);
  if (charge.refunded === true)
    return {
      state: 'authorization_canceled',
      explanation: `The authorization of ${held} was let go; nothing was taken.`,
    };
  const until = secondsOf(at(charge, 'payment_method_details', 'card', 'capture_before'));
  const limit = until === null ? '' : ` before ${new Date(until * 1_000).toISOString()}`;
  return { state: 'uncaptured', explanation: `${held} is authorized and not taken yet: capture it${limit}.` };
}

function disputed(charge: StripeData, disputes: readonly KnownDispute[]): ChargeStatus | null {
  const lost = disputes.find(({ status }) => status === 'lost');
  if (lost !== undefined)
    return {
      state: 'dispute_lost',
      explanation: `The dispute ${lost.id} was lost (${lost.reason ?? 'no reason given'}).`,
    };
  const open = disputes.find(({ status }) => !CLOSED_DISPUTES.has(status));
  if (open !== undefined)
    return {
      state: 'disputed',
      explanation: `Disputed (${open.id}, ${open.reason ?? 'no reason given'}): ${open.status.replaceAll('_', ' ')}.`,
    };
  const said = charge.disputed === true || (charge.disputed === undefined && isSet(charge.dispute));
  if (!said || disputes.length > 0) return null;
  return { state: 'disputed', explanation: 'Disputed; the dispute itself is not in the mirror yet.' };
}

const CLOSED_DISPUTES = new Set(['won', 'lost', 'warning_closed', 'prevented']);

function givenBack(charge: StripeData, taken: string): ChargeStatus | null {
  const refunded = givenBackMinor(charge);
  if (refunded === 0) return null;
  const back = amountText(refunded, charge.currency);
  if (refundableMinor(charge) === 0)
    return { state: 'refunded', explanation: `Refunded: ${back} of ${taken} went back.` };
  return { state: 'partially_refunded', explanation: `Partially refunded: ${back} of ${taken} went back.` };
}

function keptWhole(charge: StripeData, taken: string): ChargeStatus {
  const authorized = minorOf(charge.amount);
  if (capturedMinor(charge) >= authorized) return { state: 'succeeded', explanation: `Succeeded: ${taken} was taken.` };
  const held = amountText(authorized, charge.currency);
  return {
    state: 'partially_captured',
    explanation: `Partially captured: ${taken} of ${held} was taken, the rest let go.`,
  };
}

function failureOf(charge: StripeData): string {
  const words = charge.failure_message ?? at(charge, 'outcome', 'seller_message') ?? charge.failure_code;
  return typeof words === 'string' && words !== '' ? words.replace(/\.$/, '') : 'Stripe gives no reason';
}

function amountText(amountMinor: number, currency: unknown): string {
  return formatMoney({ amountMinor, currency: String(currency ?? '').toLowerCase() });
}

function isSet(value: unknown): boolean {
  return typeof value === 'string' || isObject(value);
}
