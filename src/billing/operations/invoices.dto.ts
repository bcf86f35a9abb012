import { Type } from 'class-transformer';
import { IsBoolean, IsIn, IsInt, IsOptional, ValidateNested } from 'class-validator';
import { CurrencyCode, FilledList, IdText, PlainText, WholeNumber } from '../../common/dto-decorators.js';
import type { BillingObjectView } from '../dto/billing.dto.js';
import type { InvoiceMoment, MomentSource } from '../objects/invoice-timeline.js';
import { OfAccount, PRORATION_BEHAVIORS, SubscriptionMembersQuery, type PreviewLineView } from './subscriptions.dto.js';

const TEXT_CHARS_MAX = 500;
const ITEMS_MAX = 50;
const QUANTITY_MAX = 999_999_999;
const flag = { message: '$property must be true or false' };

export class InvoiceMembersQuery extends SubscriptionMembersQuery {}

export class PayInvoiceDto extends OfAccount {
  /** Instead of the invoice's, the subscription's or the customer's default. */
  @IsOptional()
  @IdText()
  paymentMethod?: string;

  /** A legacy card, source or bank account, instead of a payment method. */
  @IsOptional()
  @IdText()
  source?: string;

  /** The money came by another way: the invoice counts as paid and nothing is charged. */
  @IsOptional()
  @IsBoolean(flag)
  paidOutOfBand?: boolean;

  /** Whether the customer is away; true when left out. */
  @IsOptional()
  @IsBoolean(flag)
  offSession?: boolean;

  /** Let go what a source cannot cover. */
  @IsOptional()
  @IsBoolean(flag)
  forgive?: boolean;
}

export class FinalizeInvoiceDto extends OfAccount {
  /** Whether Stripe goes on collecting it by itself. */
  @IsOptional()
  @IsBoolean(flag)
  autoAdvance?: boolean;
}

export class PreviewItemDto {
  @IdText()
  price: string;

  @IsOptional()
  @WholeNumber(0, QUANTITY_MAX)
  quantity?: number;
}

export class PreviewExtraDto {
  /** In minor units; negative for a credit. This, or `price`. */
  @IsOptional()
  @IsInt({ message: '$property must be a whole number of minor units' })
  amountMinor?: number;

  @IsOptional()
  @CurrencyCode()
  currency?: string;

  @IsOptional()
  @IdText()
  price?: string;

  @IsOptional()
  @WholeNumber(0, QUANTITY_MAX)
  quantity?: number;

  @IsOptional()
  @PlainText(TEXT_CHARS_MAX)
  description?: string;
}

export class PreviewInvoiceDto extends OfAccount {
  /** Whose next invoice; this or `subscription`. */
  @IsOptional()
  @IdText()
  customer?: string;

  @IsOptional()
  @IdText()
  subscription?: string;

  @IsOptional()
  @CurrencyCode()
  currency?: string;

  /** A subscription that does not exist yet. */
  @IsOptional()
  @FilledList(ITEMS_MAX)
  @ValidateNested({ each: true })
  @Type(() => PreviewItemDto)
  items?: PreviewItemDto[];

  /** What is billed once beside it. */
  @IsOptional()
  @FilledList(ITEMS_MAX)
  @ValidateNested({ each: true })
  @Type(() => PreviewExtraDto)
  extras?: PreviewExtraDto[];

  @IsOptional()
  @IdText()
  coupon?: string;

  @IsOptional()
  @IdText()
  promotionCode?: string;

  @IsOptional()
  @IsIn(PRORATION_BEHAVIORS, { message: `$property must be one of ${PRORATION_BEHAVIORS.join(', ')}` })
  prorationBehavior?: (typeof PRORATION_BEHAVIORS)[number];
}

export class InvoiceRequest extends OfAccount {
  @IdText()
  id: string;
}

export class InvoiceMembersRequest extends InvoiceMembersQuery {
  @IdText()
  id: string;
}

export class PayInvoiceRequest extends PayInvoiceDto {
  @IdText()
  id: string;
}

export class FinalizeInvoiceRequest extends FinalizeInvoiceDto {
  @IdText()
  id: string;
}

export class InvoiceLinesView {
  data: BillingObjectView[];
  nextCursor: string | null;
  /** False while lines beyond those that Stripe's object shows are still being asked for. */
  complete: boolean;
}

export class InvoiceAmountsView {
  id: string;
  status: string | null;
  currency: string;
  totalMinor: number;
  dueMinor: number;
  paidMinor: number;
  remainingMinor: number;
  overpaidMinor: number;
  /** What went back to the customer of the payments on it. */
  refundedMinor: number;
  /** What credit notes took off it, before or after it was paid. */
  creditedMinor: number;
}

export class TimelineEntryView {
  moment: InvoiceMoment;
  at: string;
  amountMinor: number | null;
  currency: string | null;
  /** Why a payment failed, or what a refund, credit or dispute gives as its reason. */
  detail: string | null;
  /** Fields of the invoice, objects of the mirror and events of the inbox that tell of it. */
  sources: MomentSource[];
}

export class InvoiceTimelineView {
  id: string;
  status: string | null;
  /** Oldest first. */
  data: TimelineEntryView[];
}

export class InvoicePreviewView {
  currency: string;
  totalMinor: number;
  dueMinor: number;
  /** The customer's balance before it: negative is credit. */
  startingBalanceMinor: number;
  /** When it would be made. */
  at: string | null;
  lines: PreviewLineView[];
}
