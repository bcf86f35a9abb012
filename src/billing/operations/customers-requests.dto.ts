import { ExternalId, IdText } from '../../common/dto-decorators.js';
import { AccountQuery } from '../dto/billing.dto.js';
import {
  AddDiscountDto,
  AddPaymentMethodDto,
  AdjustBalanceDto,
  BalanceQuery,
  DefaultPaymentMethodDto,
  GetOrCreateCustomerDto,
  LinkCustomerDto,
  SubscribeDto,
  UpcomingInvoiceDto,
  ValidSubscriptionsQuery,
} from './customers.dto.js';

/** The same over gRPC, where what stands in a path is part of the message. */
export class RefRequest extends AccountQuery {
  @ExternalId()
  ref: string;
}

export class GetOrCreateCustomerRequest extends GetOrCreateCustomerDto {
  @ExternalId()
  ref: string;
}

export class CustomerRequest extends AccountQuery {
  @IdText()
  id: string;
}

export class LinkCustomerRequest extends LinkCustomerDto {
  @IdText()
  id: string;
}

export class SubscribeRequest extends SubscribeDto {
  @IdText()
  id: string;
}

export class AddPaymentMethodRequest extends AddPaymentMethodDto {
  @IdText()
  id: string;
}

export class SetDefaultPaymentMethodRequest extends DefaultPaymentMethodDto {
  @IdText()
  id: string;
}

export class ValidSubscriptionsRequest extends ValidSubscriptionsQuery {
  @IdText()
  id: string;
}

export class UpcomingInvoiceRequest extends UpcomingInvoiceDto {
  @IdText()
  id: string;
}

export class AddDiscountRequest extends AddDiscountDto {
  @IdText()
  id: string;
}

export class BalanceRequest extends BalanceQuery {
  @IdText()
  id: string;
}

export class AdjustBalanceRequest extends AdjustBalanceDto {
  @IdText()
  id: string;
}

export class RemovePaymentMethodRequest extends CustomerRequest {
  @IdText()
  paymentMethod: string;
}
