import { endDiscount, redeemAll } from '../billing/discounts.js';
import { resolvePaymentMethod } from '../billing/payment-methods.js';
import { periodEnd, type Subscription } from '../billing/subscription-items.js';
import { DEFAULT_TRIAL_SETTINGS, NO_PAYMENT_SETTINGS } from '../billing/subscription-create.js';
import { invalidRequest } from '../core/errors.js';
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
  required,
  text,
  type Param,
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
const PAYMENT_BEHAVIORS = ['allow_incomplete', 'default_incomplete', 'error_if_incomplete'] as const;
const paymentBehavior = oneOf(...PAYMENT_BEHAVIORS);
/** An existing subscription can also keep what it is until the payment succeeds. */
export const updatePaymentBehavior = oneOf(...PAYMENT_BEHAVIORS, 'pending_if_incomplete');
/** What may come with `pending_if_incomplete`. */
const PENDING_FIELDS = [
  'billing_cycle_anchor',
  'items',
  'off_session',
  'payment_behavior',
  'proration_behavior',
  'proration_date',
];

/** An instant, or a word for the end of the first or last period among the items. */
const cancelAt: Param<number | 'max_period_end' | 'min_period_end'> = {
  read: (value, path) => (value === 'max_period_end' || value === 'min_period_end' ? value : int.read(value, path)),
};
const missingPaymentMethod = oneOf('cancel', 'create_invoice', 'pause');

export const subscriptionFields = {
  cancel_at: clearable(cancelAt),
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
  payment_settings: object({
    payment_method_types: clearable(list(text)),
    save_default_payment_method: oneOf('off', 'on_subscription'),
  }),
  proration_behavior: prorationBehavior,
  trial_end: text,
  trial_settings: object({
    end_behavior: required(object({ missing_payment_method: required(missingPaymentMethod) })),
  }),
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
  if (sent.payment_settings !== undefined) {
    patch.payment_settings = { ...NO_PAYMENT_SETTINGS, ...old.payment_settings, ...sent.payment_settings };
  }
  if (sent.trial_settings !== undefined) patch.trial_settings = trialSettingsOf(sent.trial_settings);
  return { ...patch, ...trialPatch(scope, old, sent.trial_end), ...cancellationPatch(scope, old, sent) };
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
  if (sent.cancel_at_period_end === true && sent.cancel_at) {
    throw invalidRequest('You cannot set `cancel_at` and `cancel_at_period_end` at once.', { param: 'cancel_at' });
  }
  const stops = sent.cancel_at_period_end === true || (sent.cancel_at !== undefined && sent.cancel_at !== null);
  const goesOn = sent.cancel_at_period_end === false || sent.cancel_at === null;
  if (stops) {
    const atEnd = sent.cancel_at_period_end === true;
    return {
      cancel_at: atEnd ? periodEnd(old) : cancelInstant(old, sent.cancel_at),
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

/** All items of a subscription have the same period here, so that its first end is also its last. */
export const cancelInstant = (old: Subscription, sent: Update['cancel_at']): number | null =>
  typeof sent === 'string' ? periodEnd(old) : (sent ?? null);

const MAX_TRIAL_SECONDS = 730 * 86_400;

/** A trial begins, lasts longer or ends now. `now` means nothing where there is none. */
function trialPatch(scope: Scope, old: Subscription, sent: string | undefined): Partial<Subscription> {
  const trialing = old.status === 'trialing';
  const trialEnd = instant(sent, scope.now);
  if (trialEnd === undefined || (sent === 'now' && !trialing)) return {};
  if (sent !== 'now' && !(trialEnd > scope.now && trialEnd <= scope.now + MAX_TRIAL_SECONDS)) {
    throw invalidRequest('Invalid timestamp: trial_end must be in the future and at most two years from now.', {
      param: 'trial_end',
    });
  }
  return {
    billing_cycle_anchor: trialEnd,
    status: 'trialing',
    trial_end: trialEnd,
    trial_start: trialing ? (old.trial_start ?? old.created) : scope.now,
  };
}

export const trialSettingsOf = (
  sent: { end_behavior: { missing_payment_method: string } } | undefined,
): NonNullable<Subscription['trial_settings']> =>
  sent ? { end_behavior: { billing_cycle_anchor: null, ...sent.end_behavior } } : DEFAULT_TRIAL_SETTINGS;

/** Stripe lets only what it can take back wait for a payment. */
export function requirePendingFields(sent: object): void {
  const others = Object.entries(sent).filter(([name, value]) => value !== undefined && !PENDING_FIELDS.includes(name));
  const [first] = others[0] ?? [];
  if (first === undefined) return;
  throw invalidRequest(`The parameter ${first} is not supported when payment_behavior is pending_if_incomplete.`, {
    param: first,
  });
}

function replaceDiscounts(scope: Scope, old: Subscription, requests: NonNullable<Update['discounts']>): string[] {
  const kept = redeemAll(scope, requests, { customer: old.customer, subscription: old.id, currency: old.currency });
  for (const id of old.discounts) if (!kept.includes(id)) endDiscount(scope, id);
  return kept;
}
