import { IsBoolean, IsIn, IsOptional } from 'class-validator';
import { CurrencyCode, IdText, PlainText, PositiveAmountMinor, AmountMinor } from '../../common/dto-decorators.js';
import { MetadataTexts } from './metadata-texts.js';
import type { BillingObjectView } from '../dto/billing.dto.js';
import type { ChargeStatus } from '../objects/charge-status.js';
import { OfAccount } from './subscriptions.dto.js';

const EMAIL_CHARS_MAX = 800;
const flag = { message: '$property must be true or false' };

export const REFUND_REASONS = ['duplicate', 'fraudulent', 'requested_by_customer'] as const;

export class RefundChargeDto extends OfAccount {
  /** In minor units of the charge's currency; all that is left when left out. */
  @IsOptional()
  @PositiveAmountMinor()
  amountMinor?: number;

  /** The currency you take the charge to have; another one is refused. */
  @IsOptional()
  @CurrencyCode()
  currency?: string;

  @IsOptional()
  @IsIn(REFUND_REASONS, { message: `$property must be one of ${REFUND_REASONS.join(', ')}` })
  reason?: (typeof REFUND_REASONS)[number];

  @IsOptional()
  @MetadataTexts()
  metadata?: Record<string, string>;

  /** Give the platform's fee back in proportion. */
  @IsOptional()
  @IsBoolean(flag)
  refundApplicationFee?: boolean;

  /** Take the transfer to the connected account back in proportion. */
  @IsOptional()
  @IsBoolean(flag)
  reverseTransfer?: boolean;

  /** For means of payment that cannot be refunded without asking the customer. */
  @IsOptional()
  @PlainText(EMAIL_CHARS_MAX)
  instructionsEmail?: string;
}

export class CaptureChargeDto extends OfAccount {
  /** In minor units; all that is authorized when left out. The rest is let go. */
  @IsOptional()
  @PositiveAmountMinor()
  amountMinor?: number;

  @IsOptional()
  @AmountMinor()
  applicationFeeMinor?: number;
}

export class RefundChargeRequest extends RefundChargeDto {
  @IdText()
  id: string;
}

export class CaptureChargeRequest extends CaptureChargeDto {
  @IdText()
  id: string;
}

export class ChargeRequest extends OfAccount {
  @IdText()
  id: string;
}

export class RefundedChargeView {
  refund: BillingObjectView;
  charge: BillingObjectView;
  /** What can still be refunded. */
  leftMinor: number;
}

export const FEE_MISSING = ['not_taken', 'not_settled', 'not_mirrored'] as const;

export class ChargeSummaryView {
  id: string;
  state: ChargeStatus['state'];
  /** The state in a sentence. */
  explanation: string;
  currency: string;
  amountMinor: number;
  capturedMinor: number;
  refundedMinor: number;
  /** What can still be refunded. */
  leftMinor: number;
  /** Stripe's fee and what is left of the charge, in `feeCurrency`, which is the account's; null with `feeMissing`. */
  feeMinor: number | null;
  netMinor: number | null;
  feeCurrency: string | null;
  /** `not_taken`: no money was; `not_settled`: Stripe has not booked it yet; `not_mirrored`: its booking is not here yet. */
  feeMissing: (typeof FEE_MISSING)[number] | null;
  balanceTransaction: string | null;
  customer: string | null;
  paymentIntent: string | null;
  invoices: string[];
  subscriptions: string[];
  prices: string[];
  products: string[];
  refunds: string[];
  disputes: string[];
}
