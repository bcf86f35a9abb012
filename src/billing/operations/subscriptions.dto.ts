import { Type } from 'class-transformer';
import { IsBoolean, IsIn, IsOptional, ValidateNested } from 'class-validator';
import { FilledList, IdText, IsoInstant, PlainText, WholeNumber } from '../../common/dto-decorators.js';
import { PageQuery } from '../../common/page-query.dto.js';
import { AccountId } from '../dto/account-id.js';
import type { BillingObjectView } from '../dto/billing.dto.js';
import type { SubscriptionValidity } from '../objects/subscription-validity.js';

const GRACE_SECONDS_MAX = 90 * 86_400;
const EXTENSION_SECONDS_MAX = 730 * 86_400;
const COMMENT_CHARS_MAX = 500;
const ITEMS_MAX = 20;
const QUANTITY_MAX = 999_999_999;

const oneOf = (words: readonly string[]) => ({ message: `$property must be one of ${words.join(', ')}` });
const flag = { message: '$property must be true or false' };

export const CANCEL_WHEN = ['now', 'period_end', 'at'] as const;
export const FEEDBACKS = [
  'customer_service',
  'low_quality',
  'missing_features',
  'other',
  'switched_service',
  'too_complex',
  'too_expensive',
  'unused',
] as const;
export const PRORATION_BEHAVIORS = ['always_invoice', 'create_prorations', 'none'] as const;
export const PAYMENT_BEHAVIORS = [
  'allow_incomplete',
  'default_incomplete',
  'error_if_incomplete',
  'pending_if_incomplete',
] as const;
export const ANCHORS = ['now', 'unchanged'] as const;
export const PAUSES = ['collection', 'subscription'] as const;
export const COLLECTION_BEHAVIORS = ['keep_as_draft', 'mark_uncollectible', 'void'] as const;
export const INVOICING_BEHAVIORS = ['invoice', 'pending_invoice_item'] as const;

/** What every operation on one object takes. */
export class OfAccount {
  /** The connected account that the object belongs to; without it the workspace's own object goes before. */
  @IsOptional()
  @AccountId()
  account?: string;
}

export class SubscriptionValidityQuery extends OfAccount {
  /** How long a subscription whose period has ended still counts while its renewal is under way; two hours when left out. */
  @IsOptional()
  @Type(() => Number)
  @WholeNumber(0, GRACE_SECONDS_MAX)
  graceSeconds?: number;

  /** How long a customer whose payment failed is still served, from the start of the unpaid period; not at all when left out. */
  @IsOptional()
  @Type(() => Number)
  @WholeNumber(0, GRACE_SECONDS_MAX)
  pastDueGraceSeconds?: number;
}

export class SubscriptionMembersQuery extends PageQuery {
  @IsOptional()
  @AccountId()
  account?: string;
}

/** What a cancellation at once settles. */
export class CancelNowDto extends OfAccount {
  /** With `now`: credit the unused time. */
  @IsOptional()
  @IsBoolean(flag)
  prorate?: boolean;

  /** With `now`: bill what is still open, usage and prorations, on a last invoice. */
  @IsOptional()
  @IsBoolean(flag)
  invoiceNow?: boolean;
}

export class CancelSubscriptionDto extends CancelNowDto {
  /** At once, at the end of what is paid for, or at the instant `at`. */
  @IsIn(CANCEL_WHEN, oneOf(CANCEL_WHEN))
  when: (typeof CANCEL_WHEN)[number];

  @IsOptional()
  @IsoInstant()
  at?: Date;

  /** With `at`: what happens to the time that is cut off. */
  @IsOptional()
  @IsIn(PRORATION_BEHAVIORS, oneOf(PRORATION_BEHAVIORS))
  prorationBehavior?: (typeof PRORATION_BEHAVIORS)[number];

  @IsOptional()
  @IsIn(FEEDBACKS, oneOf(FEEDBACKS))
  feedback?: (typeof FEEDBACKS)[number];

  @IsOptional()
  @PlainText(COMMENT_CHARS_MAX)
  comment?: string;
}

export class ExtendSubscriptionDto extends OfAccount {
  /** The end of the free time; this or `seconds`. */
  @IsOptional()
  @IsoInstant()
  until?: Date;

  /** Added to the end of the period, or of the trial while it runs; this or `until`. */
  @IsOptional()
  @WholeNumber(1, EXTENSION_SECONDS_MAX)
  seconds?: number;

  /** Credit the rest of the period that is paid for; without it the customer keeps it as part of the extension. */
  @IsOptional()
  @IsBoolean(flag)
  prorate?: boolean;
}

export class SubscriptionItemChange {
  /** The item to be changed; a new one when left out. */
  @IsOptional()
  @IdText()
  id?: string;

  @IsOptional()
  @IdText()
  price?: string;

  @IsOptional()
  @WholeNumber(0, QUANTITY_MAX)
  quantity?: number;

  @IsOptional()
  @IsBoolean(flag)
  deleted?: boolean;
}

export class ChangeSubscriptionDto extends OfAccount {
  /** What becomes of which items; items that are not named stay. */
  @IsOptional()
  @FilledList(ITEMS_MAX)
  @ValidateNested({ each: true })
  @Type(() => SubscriptionItemChange)
  items?: SubscriptionItemChange[];

  /** For a subscription of one item, instead of `items`: its new price. */
  @IsOptional()
  @IdText()
  price?: string;

  /** For a subscription of one item, instead of `items`: its new quantity. */
  @IsOptional()
  @WholeNumber(0, QUANTITY_MAX)
  quantity?: number;

  /** `create_prorations` (with the next invoice) when left out; `always_invoice` bills them at once. */
  @IsOptional()
  @IsIn(PRORATION_BEHAVIORS, oneOf(PRORATION_BEHAVIORS))
  prorationBehavior?: (typeof PRORATION_BEHAVIORS)[number];

  /** The instant from which the change counts; give a preview's to be billed exactly what it showed. */
  @IsOptional()
  @IsoInstant()
  prorationDate?: Date;

  /** `now` begins a new period. */
  @IsOptional()
  @IsIn(ANCHORS, oneOf(ANCHORS))
  billingCycleAnchor?: (typeof ANCHORS)[number];

  /** What happens when the payment fails; `pending_if_incomplete` keeps the change until it succeeds. Not for previews. */
  @IsOptional()
  @IsIn(PAYMENT_BEHAVIORS, oneOf(PAYMENT_BEHAVIORS))
  paymentBehavior?: (typeof PAYMENT_BEHAVIORS)[number];
}

export class PauseSubscriptionDto extends OfAccount {
  /** `collection` (when left out): invoices go on and are not collected. `subscription`: nothing is billed. */
  @IsOptional()
  @IsIn(PAUSES, oneOf(PAUSES))
  what?: (typeof PAUSES)[number];

  /** For `collection`: what becomes of its invoices. */
  @IsOptional()
  @IsIn(COLLECTION_BEHAVIORS, oneOf(COLLECTION_BEHAVIORS))
  behavior?: (typeof COLLECTION_BEHAVIORS)[number];

  /** For `collection`: when it ends by itself. */
  @IsOptional()
  @IsoInstant()
  resumesAt?: Date;

  /** For `subscription`: whether its open amounts are billed at once. */
  @IsOptional()
  @IsIn(INVOICING_BEHAVIORS, oneOf(INVOICING_BEHAVIORS))
  invoicingBehavior?: (typeof INVOICING_BEHAVIORS)[number];
}

export class ResumeSubscriptionDto extends OfAccount {
  /** For a paused subscription: whether a new period begins; `now` when left out. */
  @IsOptional()
  @IsIn(ANCHORS, oneOf(ANCHORS))
  billingCycleAnchor?: (typeof ANCHORS)[number];

  @IsOptional()
  @IsIn(PRORATION_BEHAVIORS, oneOf(PRORATION_BEHAVIORS))
  prorationBehavior?: (typeof PRORATION_BEHAVIORS)[number];
}

export class SubscriptionValidityView {
  id: string;
  customer: string | null;
  valid: boolean;
  reason: SubscriptionValidity['reason'];
  /** The reason in a sentence. */
  explanation: string;
  /** Stripe's own status. */
  status: string | null;
  currentPeriodStart: string | null;
  currentPeriodEnd: string | null;
  trialEnd: string | null;
  cancelAt: string | null;
  cancelAtPeriodEnd: boolean;
  /** What becomes of invoices while collection is paused; null when it is not. */
  pauseBehavior: string | null;
  resumesAt: string | null;
}

export class SubscriptionItemsView {
  data: BillingObjectView[];
  nextCursor: string | null;
  /** False while members beyond those that Stripe's object shows are still being asked for. */
  complete: boolean;
}

export class PendingUpdateItemView {
  id: string | null;
  price: string | null;
  quantity: number | null;
}

export class PendingUpdateView {
  /** Whether a change waits for its payment. */
  pending: boolean;
  expiresAt: string | null;
  /** The invoice whose payment lets the change count; voiding it drops the change. */
  invoice: string | null;
  items: PendingUpdateItemView[];
  billingCycleAnchor: string | null;
  trialEnd: string | null;
}

export class PreviewLineView {
  description: string | null;
  amountMinor: number;
  price: string | null;
  product: string | null;
  quantity: number | null;
  proration: boolean;
  periodStart: string | null;
  periodEnd: string | null;
}

export class ChangePreviewView {
  currency: string;
  /** The lines that settle the running period, credits negative. */
  prorations: PreviewLineView[];
  prorationMinor: number;
  /** Every line of the invoice that the change leads to. */
  lines: PreviewLineView[];
  /** What the customer pays when the change is made; 0 when it goes onto the next invoice. */
  dueNowMinor: number;
  /** The next invoice after that; `at` is null and the amount 0 when none comes. Of a subscription that ends it is the last. */
  nextRenewal: { at: string | null; amountMinor: number };
  /** What every renewal after the next one comes to; 0 when none does. */
  recurringMinor: number;
  /** When the subscription ends; null while no end is planned. */
  endsAt: string | null;
  /** To be sent with the change, so that it is billed as shown. */
  prorationDate: string | null;
}

export class CancelPreviewView {
  currency: string;
  /** What unused time is credited, and prorations of earlier changes that wait for an invoice; empty without `prorate`. */
  prorations: PreviewLineView[];
  prorationMinor: number;
  /** Every line of the last invoice; empty without `invoiceNow`, as none is made. */
  lines: PreviewLineView[];
  /** What that invoice comes to; what is negative goes to the customer's balance. */
  totalMinor: number;
  /** What the customer pays at once. */
  dueNowMinor: number;
}
