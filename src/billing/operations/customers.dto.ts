import { Type } from 'class-transformer';
import { IsBoolean, IsInt, IsOptional, Max, Min, NotEquals, ValidateNested } from 'class-validator';
import { CurrencyCode, ExternalId, FilledList, IdText, PlainText, WholeNumber } from '../../common/dto-decorators.js';
import { AccountQuery, QueryFlag, StripeParams, type BillingObjectView } from '../dto/billing.dto.js';
import type { SubscriptionValidity } from '../objects/subscription-validity.js';
import type { StripeData } from '../objects/stripe-model.entity.js';

const ITEMS_MAX = 20;
const QUANTITY_MAX = 999_999_999;
const AMOUNT_MAX = 99_999_999;
const DESCRIPTION_CHARS_MAX = 350;

/** The company's own id of a person. */
export class RefParam {
  @ExternalId()
  ref: string;
}

export class CustomerMethodParam {
  @IdText()
  id: string;

  @IdText()
  paymentMethod: string;
}

export class GetOrCreateCustomerDto extends AccountQuery {
  /** What the customer is made with at Stripe, should there be none yet. */
  @IsOptional()
  @StripeParams()
  params?: StripeData;
}

export class LinkCustomerDto extends AccountQuery {
  @ExternalId()
  ref: string;

  /** Instead of the one that is primary so far; the first is primary by itself. */
  @IsOptional()
  @IsBoolean()
  primary?: boolean;
}

export class SubscribeItemDto {
  @IdText()
  price: string;

  @IsOptional()
  @WholeNumber(0, QUANTITY_MAX)
  quantity?: number;
}

export class SubscribeDto extends AccountQuery {
  @FilledList(ITEMS_MAX)
  @ValidateNested({ each: true })
  @Type(() => SubscribeItemDto)
  items: SubscribeItemDto[];

  /** Whatever else Stripe takes with a new subscription: `trial_period_days`, `discounts`, `payment_behavior`. */
  @IsOptional()
  @StripeParams()
  params?: StripeData;
}

export class AddPaymentMethodDto extends AccountQuery {
  @IdText()
  paymentMethod: string;

  /** Also charge invoices to it from now on. */
  @IsOptional()
  @IsBoolean()
  default?: boolean;
}

export class DefaultPaymentMethodDto extends AccountQuery {
  /** A payment method, or an old card, source or bank account of the customer's. */
  @IdText()
  paymentMethod: string;
}

export class ValidSubscriptionsQuery extends AccountQuery {
  /** Only subscriptions to this product. */
  @IsOptional()
  @IdText()
  product?: string;
}

export class UpcomingInvoiceDto extends AccountQuery {
  @IsOptional()
  @IdText()
  subscription?: string;

  /** Whatever else Stripe takes with a preview: `subscription_details`, `discounts`. */
  @IsOptional()
  @StripeParams()
  params?: StripeData;
}

export class AddDiscountDto extends AccountQuery {
  @IsOptional()
  @IdText()
  coupon?: string;

  /** Its id, or the code as customers type it. */
  @IsOptional()
  @IdText()
  promotionCode?: string;

  /** Which subscription gets it, where the customer has several. */
  @IsOptional()
  @IdText()
  subscription?: string;
}

export class BalanceQuery extends AccountQuery {
  /** Ask Stripe first for the balance and what moved it. */
  @IsOptional()
  @QueryFlag()
  fresh?: boolean;
}

export class AdjustBalanceDto extends AccountQuery {
  /** In minor units: above zero the customer's next invoices are reduced by it, below zero they are raised. */
  @IsInt({ message: '$property must be a whole number of minor units' })
  @Min(-AMOUNT_MAX)
  @Max(AMOUNT_MAX)
  @NotEquals(0, { message: '$property must not be zero' })
  creditMinor: number;

  @CurrencyCode()
  currency: string;

  @IsOptional()
  @PlainText(DESCRIPTION_CHARS_MAX)
  description?: string;
}

export class LinkedCustomerView {
  ref: string;
  primary: boolean;
  customer: BillingObjectView;
}

export class CustomersOfRefView {
  ref: string;
  /** The primary one first. */
  customers: LinkedCustomerView[];
}

export class GotCustomerView extends LinkedCustomerView {
  /** Made by this very request. */
  created: boolean;
}

export class ValidSubscriptionView {
  subscription: BillingObjectView;
  validity: SubscriptionValidity;
}

export class ValidSubscriptionsView {
  /** Whether there is any. */
  active: boolean;
  data: ValidSubscriptionView[];
}

export class UpcomingInvoiceView {
  customer: string;
  currency: string;
  amountDueMinor: number;
  /** Stripe's preview; it has an id of its own that nothing is kept under. */
  data: StripeData;
}

export class BalanceAmountView {
  currency: string;
  /** Above zero the customer's next invoices are reduced by it. */
  creditMinor: number;
}

export class CustomerBalanceView {
  customer: string;
  /** One per currency that the customer is billed in. */
  balances: BalanceAmountView[];
  /** Money that was transferred ahead, by currency, in minor units. */
  cash: BalanceAmountView[];
  /** What moved the balance, newest first, as far as the mirror holds it. */
  transactions: BillingObjectView[];
  /** Billing credits that were granted and are neither voided nor expired. */
  creditGrants: BillingObjectView[];
}

export class ErasureCountView {
  rows: number;
  events: number;
}

export class PurgedCustomerView {
  /** What is left: ids, amounts, times and states. */
  customer: BillingObjectView;
  erased: ErasureCountView;
}
