import { IsEmail, IsOptional } from 'class-validator';
import { ExternalId, IdText } from '../../common/dto-decorators.js';

/** A person as the company knows them. */
export class CustomerDto {
  /** The company's own id of the person. */
  @ExternalId()
  externalId: string;

  @IsOptional()
  @IsEmail({}, { message: '$property must be an e-mail address' })
  email?: string | null;

  /** Ties the purchases of this Stripe customer to the person. */
  @IsOptional()
  @IdText()
  stripeCustomerId?: string | null;
}

export class CustomerView {
  id: string;
  /** Null for a person of whom only Stripe has told so far. */
  externalId: string | null;
  email: string | null;
}
