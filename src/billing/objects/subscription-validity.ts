import { at, isoOf, secondsOf, subscriptionPeriod } from './shapes.js';
import type { StripeData } from './stripe-model.entity.js';

/** Stripe drafts a renewal and finalizes it about an hour later; a subscription is not over in between. */
export const RENEWAL_GRACE_SECONDS = 2 * 3_600;

/** Why a subscription counts as valid or not, in one word for machines. */
export const VALID_REASONS = ['active', 'trialing', 'renewing', 'collection_paused', 'past_due_in_grace'] as const;
export const INVALID_REASONS = [
  'deleted',
  'canceled',
  'incomplete',
  'past_due',
  'unpaid',
  'paused',
  'period_over',
  'cancellation_due',
  'unknown_status',
] as const;

export type SubscriptionValidity =
  | { valid: true; reason: (typeof VALID_REASONS)[number]; explanation: string }
  | { valid: false; reason: (typeof INVALID_REASONS)[number]; explanation: string };

export interface ValidityQuestion {
  now: Date;
  /** How long after its period's end a subscription still counts, while no news of its renewal has come. */
  graceSeconds: number;
  /** How long after the start of an unpaid period the customer is still served. */
  pastDueGraceSeconds: number;
}

/** What is known of a subscription when the question is asked. */
export interface ValiditySubject {
  data: StripeData;
  deletedAt: Date | null;
}

/**
 * Whether what the customer pays for is to be delivered now. A period that ended a while ago without news means that the
 * mirror, or the customer, is behind. A paused collection serves for free, unless its behavior is `void`: that is Stripe's
 * word for a service that cannot be delivered. Pure.
 */
export function validityOf({ data, deletedAt }: ValiditySubject, question: ValidityQuestion): SubscriptionValidity {
  if (deletedAt !== null) return no('deleted', `it was deleted at Stripe at ${deletedAt.toISOString()}`);
  const now = question.now.getTime() / 1_000;
  switch (data.status) {
    case 'active':
    case 'trialing':
      return whileCurrent(data, data.status, now, question.graceSeconds);
    case 'past_due':
      return whilePastDue(data, now, question.pastDueGraceSeconds);
    case 'unpaid':
      return no('unpaid', 'Stripe gave up collecting its invoices, which stay open as drafts');
    case 'paused':
      return no('paused', 'its trial ended without a payment method, or it was paused; resume it to go on');
    case 'incomplete':
      return no('incomplete', 'its first payment has not succeeded yet');
    case 'incomplete_expired':
      return no('incomplete', 'its first payment did not succeed in time, and it cannot be revived');
    case 'canceled':
      return no(
        'canceled',
        `it ended at ${isoOf(secondsOf(data.ended_at) ?? secondsOf(data.canceled_at)) ?? 'a time unknown'}`,
      );
    default:
      return no('unknown_status', `its status ${JSON.stringify(data.status ?? null)} is not known here`);
  }
}

/** The behavior of a pause in collecting that holds at `now`; one that was to end has ended. */
export function pauseBehaviorAt(data: StripeData, nowSeconds: number): string | null {
  const behavior = at(data, 'pause_collection', 'behavior');
  if (typeof behavior !== 'string') return null;
  const resumesAt = secondsOf(at(data, 'pause_collection', 'resumes_at'));
  return resumesAt !== null && resumesAt <= nowSeconds ? null : behavior;
}

function whileCurrent(
  data: StripeData,
  status: 'active' | 'trialing',
  now: number,
  graceSeconds: number,
): SubscriptionValidity {
  const { end } = subscriptionPeriod(data);
  const cancelAt = secondsOf(data.cancel_at);
  if (cancelAt !== null && cancelAt + graceSeconds < now)
    return no('cancellation_due', `it was to be canceled at ${isoOf(cancelAt)}, and no news of it has come`);
  if (end !== null && end + graceSeconds < now)
    return no('period_over', `its period ended at ${isoOf(end)}, and no news of a renewal has come`);
  const pause = pauseBehaviorAt(data, now);
  if (pause === 'void') return no('paused', 'its collection is paused and its invoices are voided');
  if (pause !== null) return yes('collection_paused', `its invoices are not collected for now (${pause})`);
  if (end !== null && end < now)
    return yes(
      'renewing',
      `its period ended at ${isoOf(end)}, less than ${graceSeconds} s ago: the renewal is under way`,
    );
  const until = end === null ? '' : ` until ${isoOf(end)}`;
  return yes(status, status === 'trialing' ? `its trial runs${until}` : `it is paid for${until}`);
}

function whilePastDue(data: StripeData, now: number, graceSeconds: number): SubscriptionValidity {
  const { start } = subscriptionPeriod(data);
  const since = start === null ? '' : ` of the period that began at ${isoOf(start)}`;
  if (start === null || start + graceSeconds < now) return no('past_due', `the invoice${since} is not paid`);
  if (pauseBehaviorAt(data, now) === 'void')
    return no('paused', 'its collection is paused and its invoices are voided');
  return yes(
    'past_due_in_grace',
    `the invoice${since} is not paid, and it is served until ${isoOf(start + graceSeconds)}`,
  );
}

function yes(reason: (typeof VALID_REASONS)[number], because: string): SubscriptionValidity {
  return { valid: true, reason, explanation: `Valid: ${because}.` };
}

function no(reason: (typeof INVALID_REASONS)[number], because: string): SubscriptionValidity {
  return { valid: false, reason, explanation: `Not valid: ${because}.` };
}
