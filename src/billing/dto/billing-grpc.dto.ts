import { IsOptional, Matches } from 'class-validator';
import { IdText } from '../../common/dto-decorators.js';
import { IdParam } from '../../common/id-param.dto.js';
import { PageQuery } from '../../common/page-query.dto.js';

const OBJECTS = /^[a-z_]{1,64}$/;
const OBJECTS_MESSAGE = { message: '$property must be a type in the plural, such as "customers"' };

export class GetObjectRequest extends IdParam {
  @Matches(OBJECTS, OBJECTS_MESSAGE)
  objects: string;
}

export class ListObjectsRequest extends PageQuery {
  @Matches(OBJECTS, OBJECTS_MESSAGE)
  objects: string;
}

export class HasActiveSubscriptionRequest {
  /** Stripe's customer id. */
  @IdText()
  customer: string;

  /** Only a subscription to this product counts. */
  @IsOptional()
  @IdText()
  product?: string;
}
