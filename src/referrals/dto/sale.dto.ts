import { Type } from 'class-transformer';
import { IsObject, IsOptional, ValidateNested } from 'class-validator';
import { CurrencyCode, ExternalId, IdText, IsoInstant, PositiveAmountMinor } from '../../common/dto-decorators.js';
import { CustomerDto, type CustomerView } from './customer.dto.js';

/** A sale from outside Stripe. */
export class CreateSaleDto {
  /** The company's own id of the sale; each counts once. */
  @ExternalId()
  externalId: string;

  @IsObject({ message: '$property must be an object such as {"externalId":"user_1"}' })
  @ValidateNested()
  @Type(() => CustomerDto)
  customer: CustomerDto;

  /** What was collected. */
  @PositiveAmountMinor()
  amountMinor: number;

  @CurrencyCode()
  currency: string;

  /** Now when left out. */
  @IsOptional()
  @IsoInstant()
  occurredAt?: Date | null;

  /** The code that the customer came by, if nobody has told of it yet. */
  @IsOptional()
  @IdText()
  code?: string | null;
}

export class SaleView {
  id: string;
  externalId: string;
  customer: CustomerView;
  amountMinor: number;
  currency: string;
  occurredAt: string;
  createdAt: string;
}
