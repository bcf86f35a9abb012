import { Type } from 'class-transformer';
import { IsArray, IsBoolean, IsIn, IsOptional, Matches, ValidateNested } from 'class-validator';
import { IdText, PlainText } from '../../common/dto-decorators.js';
import { IdParam } from '../../common/id-param.dto.js';
import { PageQuery } from '../../common/page-query.dto.js';
import type { StripeData } from '../objects/stripe-model.entity.js';
import { AccountId } from './account-id.js';
import { DELETED_FILTERS, StripeParams } from './billing.dto.js';

const OBJECTS = /^[a-z0-9_]{1,64}$/;
const OBJECTS_MESSAGE = { message: '$property must be a type in the plural, such as "customers"' };
const FILTER_CHARS_MAX = 512;

export class GetCustomerRequest extends IdParam {
  /** A connected account's id; without it the workspace's own customer is preferred. */
  @IsOptional()
  @AccountId()
  account?: string;

  /** Ask Stripe first, and keep its answer. */
  @IsOptional()
  @IsBoolean()
  fresh?: boolean;
}

/** One object of one type. */
export class ObjectRequest extends IdParam {
  @Matches(OBJECTS, OBJECTS_MESSAGE)
  objects: string;

  /** A connected account's id; without it the workspace's own object is preferred. */
  @IsOptional()
  @AccountId()
  account?: string;
}

export class GetObjectRequest extends GetCustomerRequest {
  @Matches(OBJECTS, OBJECTS_MESSAGE)
  objects: string;
}

export class ObjectFilterDto {
  /** A column of the type, as in the query of the HTTP face. */
  @Matches(/^[a-zA-Z0-9]{1,64}$/, { message: '$property must be the name of a filter, such as "customer"' })
  name: string;

  @PlainText(FILTER_CHARS_MAX)
  value: string;
}

export class ListObjectsRequest extends PageQuery {
  @Matches(OBJECTS, OBJECTS_MESSAGE)
  objects: string;

  @IsOptional()
  @AccountId()
  account?: string;

  @IsOptional()
  @IsBoolean()
  fresh?: boolean;

  @IsOptional()
  @IsIn(DELETED_FILTERS, { message: `$property must be one of ${DELETED_FILTERS.join(', ')}` })
  deleted?: (typeof DELETED_FILTERS)[number];

  @IsOptional()
  @IsArray()
  @ValidateNested({ each: true })
  @Type(() => ObjectFilterDto)
  filters?: ObjectFilterDto[];
}

export class CreateObjectRequest {
  @Matches(OBJECTS, OBJECTS_MESSAGE)
  objects: string;

  @IsOptional()
  @AccountId()
  account?: string;

  @StripeParams()
  params: StripeData;
}

export class UpdateObjectRequest extends ObjectRequest {
  @StripeParams()
  params: StripeData;
}

export class DeleteObjectRequest extends ObjectRequest {
  @IsOptional()
  @StripeParams()
  params?: StripeData;
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
