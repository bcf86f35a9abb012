import { IsOptional } from 'class-validator';
import { IdText } from '../../common/dto-decorators.js';
import { AccountQuery, QueryFlag, type BillingObjectView } from '../dto/billing.dto.js';

export class PaymentInstrumentQuery extends AccountQuery {
  /** The customer whose it is: without it Stripe cannot be asked for an old card or bank account that the mirror lacks. */
  @IsOptional()
  @IdText()
  customer?: string;

  /** Ask Stripe first, and keep its answer. */
  @IsOptional()
  @QueryFlag()
  fresh?: boolean;
}

export class AttachPaymentMethodDto extends AccountQuery {
  @IdText()
  customer: string;
}

export class PaymentInstrumentRequest extends PaymentInstrumentQuery {
  @IdText()
  id: string;
}

export class AttachPaymentMethodRequest extends AttachPaymentMethodDto {
  @IdText()
  id: string;
}

export class PaymentMethodRequest extends AccountQuery {
  @IdText()
  id: string;
}

/** A means of payment, whichever of Stripe's four objects it is. */
export class PaymentInstrumentView {
  id: string;
  /** `payment_method`, `card`, `source` or `bank_account`. */
  object: string;
  /** Stripe's word for the kind: `card`, `sepa_debit`, `us_bank_account`. */
  kind: string;
  customer: string | null;
  brand: string | null;
  last4: string | null;
  expMonth: number | null;
  expYear: number | null;
  /** Equal for the same card or account, whoever gave it. */
  fingerprint: string | null;
  /** Whether its customer's invoices are charged to it. */
  isDefault: boolean;
  deleted: boolean;
  data: BillingObjectView['data'];
}
