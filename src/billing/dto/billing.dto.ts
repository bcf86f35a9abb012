import { applyDecorators } from '@nestjs/common';
import { Transform } from 'class-transformer';
import { IsBoolean, IsOptional, Matches } from 'class-validator';
import { IdText } from '../../common/dto-decorators.js';
import { PageQuery } from '../../common/page-query.dto.js';
import type { StripeData } from '../objects/stripe-model.entity.js';

/** Stripe's plural in the path, with underscores: `customers`, `invoice_line_items`, `checkout_sessions`. */
export class ObjectsParam {
  @Matches(/^[a-z_]{1,64}$/, {
    message: '$property must be a type in the plural, such as "customers" or "invoice_payments"',
  })
  objects: string;
}

export class ObjectParam extends ObjectsParam {
  @IdText()
  id: string;
}

/** `true` and `false` as they stand in a URL. */
function QueryFlag(): PropertyDecorator {
  return applyDecorators(
    Transform(({ value }: { value: unknown }) => (value === 'true' ? true : value === 'false' ? false : value)),
    IsBoolean({ message: '$property must be true or false' }),
  );
}

export class GetObjectQuery {
  /** A connected account's id; without it the workspace's own object is preferred. */
  @IsOptional()
  @IdText()
  account?: string;

  /** Ask Stripe first, and keep its answer. */
  @IsOptional()
  @QueryFlag()
  fresh?: boolean;
}

export class ListObjectsQuery extends PageQuery {
  /** Ask Stripe for its newest objects of the type first, as many as `limit` says, and keep them. */
  @IsOptional()
  @QueryFlag()
  fresh?: boolean;

  /** Only objects of this connected account. */
  @IsOptional()
  @IdText()
  account?: string;

  /** The filters below fit the types whose objects have the field; others refuse them. */
  @IsOptional()
  @IdText()
  customer?: string;

  @IsOptional()
  @IdText()
  subscription?: string;

  @IsOptional()
  @IdText()
  invoice?: string;

  @IsOptional()
  @IdText()
  charge?: string;

  @IsOptional()
  @IdText()
  paymentIntent?: string;

  @IsOptional()
  @IdText()
  product?: string;

  @IsOptional()
  @IdText()
  status?: string;

  /** The object whose list contains it: a subscription for its items, an invoice for its lines. */
  @IsOptional()
  @IdText()
  parent?: string;

  @IsOptional()
  @IdText()
  email?: string;

  @IsOptional()
  @IdText()
  transferGroup?: string;
}

/** The query fields above that are columns, where the type has them. */
export const OBJECT_FILTERS = [
  'customer',
  'subscription',
  'invoice',
  'charge',
  'paymentIntent',
  'product',
  'status',
  'parent',
  'email',
  'transferGroup',
] as const satisfies ReadonlyArray<keyof ListObjectsQuery>;

export class BillingObjectView {
  id: string;
  /** Stripe's name of the type. */
  object: string;
  /** The connected account it belongs to, null for the workspace's own. */
  account: string | null;
  livemode: boolean;
  created: string | null;
  /** Deleted at Stripe; `data` is then its last known state. */
  deleted: boolean;
  /** When this state was written here. */
  syncedAt: string;
  /** The API version that shaped `data`. */
  apiVersion: string | null;
  /** Exactly Stripe's object. */
  data: StripeData;
}
