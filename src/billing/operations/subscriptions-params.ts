import { DomainError, invalidField } from '../../common/errors.js';
import { embeddedObjects, secondsOf, subscriptionPeriod } from '../objects/shapes.js';
import type { StripeData } from '../objects/stripe-model.entity.js';
import type {
  CancelNowDto,
  CancelSubscriptionDto,
  ChangeSubscriptionDto,
  ExtendSubscriptionDto,
  PauseSubscriptionDto,
  SubscriptionItemChange,
} from './subscriptions.dto.js';

/** What our requests are in Stripe's words. Pure; what contradicts itself is refused, naming the field. */

/** For a cancellation that is not at once. */
export function cancelLaterParams({ when, at, prorationBehavior, ...rest }: CancelSubscriptionDto): StripeData {
  for (const field of ['prorate', 'invoiceNow'] as const)
    if (rest[field] !== undefined) throw notHere(field, 'when "now"');
  if (when === 'at' && at === undefined) throw invalidField('at', 'missing_field', 'at is missing: say when it ends');
  if (when !== 'at' && at !== undefined) throw notHere('at', 'when "at"');
  if (when !== 'at' && prorationBehavior !== undefined) throw notHere('prorationBehavior', 'when "at"');
  return defined({
    ...(at === undefined ? { cancel_at_period_end: true } : { cancel_at: unix(at) }),
    proration_behavior: prorationBehavior,
    cancellation_details: detailsOf(rest),
  });
}

/** For a cancellation at once. */
export function cancelNowParams({
  at,
  prorate,
  invoiceNow,
  prorationBehavior,
  ...rest
}: CancelSubscriptionDto): StripeData {
  if (at !== undefined) throw notHere('at', 'when "at"');
  if (prorationBehavior !== undefined) throw notHere('prorationBehavior', 'when "at"; with "now" it is prorate');
  return defined({ prorate, invoice_now: invoiceNow, cancellation_details: detailsOf(rest) });
}

/** The same cancellation, asked as a question. Stripe prorates in a preview unless it is told not to, in a cancellation only when told to. */
export function cancelPreviewParams(subscription: StripeData, { prorate = false }: CancelNowDto): StripeData {
  return {
    subscription: subscription.id,
    subscription_details: { cancel_now: true, proration_behavior: prorate ? 'create_prorations' : 'none' },
  };
}

function detailsOf({ feedback, comment }: Pick<CancelSubscriptionDto, 'feedback' | 'comment'>): StripeData | undefined {
  const details = defined({ feedback, comment });
  return Object.keys(details).length === 0 ? undefined : details;
}

/** Takes a planned end back, whichever way it was planned: Stripe refuses both fields at once. */
export function reactivateParams(subscription: StripeData): StripeData {
  const plannedByDate = secondsOf(subscription.cancel_at) !== null && subscription.cancel_at_period_end !== true;
  return plannedByDate ? { cancel_at: '' } : { cancel_at_period_end: false };
}

/** Free time at the end of what is paid for; the billing cycle begins anew at its end. */
export function extendParams(
  subscription: StripeData,
  { until, seconds, prorate = false }: ExtendSubscriptionDto,
  now: Date,
): StripeData {
  if ((until === undefined) === (seconds === undefined))
    throw invalidField('until', 'invalid_extension', 'until or seconds must be given, and not both');
  const end = until === undefined ? endOf(subscription, now) + (seconds ?? 0) : unix(until);
  if (end * 1_000 <= now.getTime())
    throw invalidField(
      until === undefined ? 'seconds' : 'until',
      'invalid_extension',
      'an extension must end in the future',
    );
  return { trial_end: end, proration_behavior: prorate ? 'create_prorations' : 'none' };
}

function endOf(subscription: StripeData, now: Date): number {
  const trialEnd = secondsOf(subscription.trial_end);
  if (trialEnd !== null && trialEnd * 1_000 > now.getTime()) return trialEnd;
  const { end } = subscriptionPeriod(subscription);
  if (end !== null) return end;
  throw new DomainError(
    'unprocessable',
    'period_unknown',
    'the mirror knows no period of this subscription: give until',
    {
      field: 'until',
    },
  );
}

/** The change itself. */
export function changeParams(subscription: StripeData, change: ChangeSubscriptionDto): StripeData {
  const { prorationBehavior, prorationDate, billingCycleAnchor, paymentBehavior } = change;
  return defined({
    items: itemsOf(subscription, change),
    proration_behavior: prorationBehavior,
    proration_date: prorationDate && unix(prorationDate),
    billing_cycle_anchor: billingCycleAnchor && { type: billingCycleAnchor },
    payment_behavior: paymentBehavior,
  });
}

/** The same change, asked as a question. */
export function previewParams(subscription: StripeData, change: ChangeSubscriptionDto): StripeData {
  if (change.paymentBehavior !== undefined) throw notHere('paymentBehavior', 'the change itself, not in its preview');
  return { subscription: subscription.id, subscription_details: changeParams(subscription, change) };
}

/** What comes with every renewal after it: nothing is settled in that question, so that no other invoice comes between. */
export function recurringPreviewParams(subscription: StripeData, change: ChangeSubscriptionDto): StripeData {
  const items = itemsOf(subscription, change);
  return {
    subscription: subscription.id,
    subscription_details: defined({ items, proration_behavior: 'none' }),
    preview_mode: 'recurring',
  };
}

function itemsOf(subscription: StripeData, change: ChangeSubscriptionDto): StripeData[] | undefined {
  const { items, price, quantity, billingCycleAnchor } = change;
  if (price === undefined && quantity === undefined) {
    if (items === undefined && billingCycleAnchor === undefined)
      throw invalidField(
        'items',
        'missing_field',
        'items is missing: say what is to change, or give price or quantity',
      );
    return items?.map(itemParams);
  }
  if (items !== undefined) throw notHere(price === undefined ? 'quantity' : 'price', 'each of items');
  const held = embeddedObjects(subscription.items);
  const [only] = held;
  if (only === undefined || held.length > 1)
    throw invalidField(
      'items',
      'items_needed',
      `the subscription has ${held.length} items: say in items which changes`,
    );
  return [defined({ id: only.id, price, quantity })];
}

function itemParams({ id, price, quantity, deleted }: SubscriptionItemChange, index: number): StripeData {
  if (id === undefined && price === undefined)
    throw invalidField(
      `items[${index}].id`,
      'missing_field',
      `items[${index}] must name an item by its id, or a price to add`,
    );
  if (deleted === true && id === undefined) throw notHere(`items[${index}].deleted`, 'an item that has an id');
  return defined({ id, price, quantity, deleted });
}

/** A pause of collection, or of the whole subscription. */
export function pauseParams({ what, behavior, resumesAt, invoicingBehavior }: PauseSubscriptionDto): StripeData {
  if (what === 'subscription') {
    if (behavior !== undefined) throw notHere('behavior', 'what "collection"');
    if (resumesAt !== undefined) throw notHere('resumesAt', 'what "collection"');
    return defined({ type: 'subscription', invoicing_behavior: invoicingBehavior });
  }
  if (invoicingBehavior !== undefined) throw notHere('invoicingBehavior', 'what "subscription"');
  if (behavior === undefined)
    throw invalidField('behavior', 'missing_field', 'behavior is missing: say what becomes of the invoices meanwhile');
  return { pause_collection: defined({ behavior, resumes_at: resumesAt && unix(resumesAt) }) };
}

export function unix(instant: Date): number {
  return Math.floor(instant.getTime() / 1_000);
}

/** Without what was left out. */
export function defined(params: StripeData): StripeData {
  return Object.fromEntries(Object.entries(params).filter(([, value]) => value !== undefined));
}

function notHere(field: string, belongsTo: string): DomainError {
  return invalidField(field, 'field_not_allowed', `${field} belongs to ${belongsTo} and must be left out here`);
}
