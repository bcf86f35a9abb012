import { endDiscount, redeemAll } from '../billing/discounts.js';
import { resolvePaymentMethod } from '../billing/payment-methods.js';
import { periodEnd, type Subscription } from '../billing/subscription-items.js';
import type { Scope } from '../core/scope.js';
import {
  bool,
  clearable,
  int,
  list,
  mergeMetadata,
  metadata,
  object,
  oneOf,
  text,
  type Values,
} from '../http/params.js';
import { discounts } from './shared.js';

export const cancellationDetails = object({
  comment: clearable(text),
  feedback: oneOf(
    'customer_service',
    'low_quality',
    'missing_features',
    'other',
    'switched_service',
    'too_complex',
    'too_expensive',
    'unused',
  ),
});
const prorationBehavior = oneOf('always_invoice', 'create_prorations', 'none');
const paymentBehavior = oneOf('allow_incomplete', 'default_incomplete', 'error_if_incomplete');

export const subscriptionFields = {
  cancel_at: clearable(int),
  cancel_at_period_end: bool,
  collection_method: oneOf('charge_automatically', 'send_invoice'),
  days_until_due: int,
  default_payment_method: clearable(text),
  default_tax_rates: list(text),
  description: clearable(text),
  discounts,
  metadata,
  off_session: bool,
  payment_behavior: paymentBehavior,
  proration_behavior: prorationBehavior,
  trial_end: text,
};

/** `now` or a number of seconds. */
export const instant = (sent: string | undefined, now: number): number | undefined =>
  sent === undefined ? undefined : sent === 'now' ? now : Number(sent);

type Update = Values<typeof subscriptionFields> & {
  cancellation_details?: Values<{ comment: typeof text }> & { feedback?: string };
  pause_collection?: { behavior: 'keep_as_draft' | 'mark_uncollectible' | 'void'; resumes_at?: number } | null;
};

/** What an update changes at once, items aside. */
export function patchOf(scope: Scope, old: Subscription, params: object): Partial<Subscription> {
  const sent = params as Update;
  const patch: Partial<Subscription> = { metadata: mergeMetadata(old.metadata, sent.metadata) };
  if (sent.description !== undefined) patch.description = sent.description;
  if (sent.collection_method !== undefined) patch.collection_method = sent.collection_method;
  if (sent.days_until_due !== undefined) patch.days_until_due = sent.days_until_due;
  if (sent.default_payment_method !== undefined) {
    patch.default_payment_method =
      sent.default_payment_method && resolvePaymentMethod(scope, sent.default_payment_method);
  }
  if (sent.default_tax_rates !== undefined) {
    patch.default_tax_rates = sent.default_tax_rates.map((rate) => scope.get('tax_rate', rate, 'default_tax_rates'));
  }
  if (sent.discounts !== undefined) patch.discounts = replaceDiscounts(scope, old, sent.discounts);
  if (sent.pause_collection !== undefined) {
    patch.pause_collection = sent.pause_collection && { resumes_at: null, ...sent.pause_collection };
  }
  const trialEnd = instant(sent.trial_end, scope.now);
  if (trialEnd !== undefined) Object.assign(patch, trialPatch(old, trialEnd));
  return { ...patch, ...cancellationPatch(scope, old, sent) };
}

function cancellationPatch(scope: Scope, old: Subscription, sent: Update): Partial<Subscription> {
  const details = sent.cancellation_details as Partial<NonNullable<Subscription['cancellation_details']>> | undefined;
  const base = {
    comment: null,
    feedback: null,
    feedback_option: null,
    reason: null,
    ...old.cancellation_details,
    ...details,
  };
  const stops = sent.cancel_at_period_end === true || typeof sent.cancel_at === 'number';
  const goesOn = sent.cancel_at_period_end === false || sent.cancel_at === null;
  if (stops) {
    const atEnd = sent.cancel_at_period_end === true;
    return {
      cancel_at: atEnd ? periodEnd(old) : (sent.cancel_at ?? null),
      cancel_at_period_end: atEnd,
      canceled_at: scope.now,
      cancellation_details: { ...base, reason: 'cancellation_requested' },
    };
  }
  if (!goesOn) return details ? { cancellation_details: base } : {};
  return {
    cancel_at: null,
    cancel_at_period_end: false,
    canceled_at: null,
    cancellation_details: { ...base, reason: null },
  };
}

/** The running period ends where the trial does. */
function trialPatch(old: Subscription, trialEnd: number): Partial<Subscription> {
  const data = old.items.data.map((one) => ({ ...one, current_period_end: trialEnd }));
  return {
    billing_cycle_anchor: trialEnd,
    items: { ...old.items, data },
    status: 'trialing',
    trial_end: trialEnd,
    trial_start: old.trial_start ?? old.created,
  };
}

function replaceDiscounts(scope: Scope, old: Subscription, requests: NonNullable<Update['discounts']>): string[] {
  const kept = redeemAll(scope, requests, { customer: old.customer, subscription: old.id, currency: old.currency });
  for (const id of old.discounts) if (!kept.includes(id)) endDiscount(scope, id);
  return kept;
}
