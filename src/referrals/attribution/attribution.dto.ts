import { Type } from 'class-transformer';
import { IsObject, IsOptional, ValidateIf, ValidateNested } from 'class-validator';
import { IdText, IsoInstant, PlainText, Slug } from '../../common/dto-decorators.js';
import type { ConsideredEvidence } from '../attribution-rules.js';
import { CustomerDto } from '../dto/customer.dto.js';

const REASON_CHARS_MAX = 500;

export class BindCustomerDto {
  @Slug()
  programKey: string;

  /** The person as the company knows them; or `customerId`. */
  @ValidateIf(({ customerId, customer }: BindCustomerDto) => customerId == null || customer != null)
  @IsObject({ message: '$property must be an object such as {"externalId":"user_1"}' })
  @ValidateNested()
  @Type(() => CustomerDto)
  customer?: CustomerDto | null;

  /** As commissions and referrals name the person. */
  @IsOptional()
  @IdText()
  customerId?: string | null;

  /** Of the partner who is to have the customer; or `partnerId`. */
  @IsOptional()
  @IdText()
  code?: string | null;

  /** Their oldest code in the program stands for them. */
  @IsOptional()
  @IdText()
  partnerId?: string | null;

  /** Sales from then on are the partner's; now when left out. */
  @IsOptional()
  @IsoInstant()
  effectiveAt?: Date | null;

  @PlainText(REASON_CHARS_MAX)
  reason: string;
}

export class AttributionsQuery {
  @IdText()
  customerId: string;
}

export class BindingView {
  /** `hand`, `promotion_code` or `link`. */
  by: 'hand' | 'promotion_code' | 'link';
  partnerId: string;
  code: string;
  /** Sales from then on are the partner's, until the next binding. */
  from: string;
  /** By hand only. */
  reason: string | null;
  /** By hand only: the id of the API key, and when it told of it. */
  madeBy: string | null;
  createdAt: string | null;
}

export class AttributionView {
  programKey: string;
  customerId: string;
  /** In the order in which they take effect; empty where nothing binds the customer. */
  bindings: BindingView[];
  /** All that spoke for a binding, with the reason for or against each. */
  evidence: ConsideredEvidence[];
}

export class AttributionsView {
  data: AttributionView[];
}
