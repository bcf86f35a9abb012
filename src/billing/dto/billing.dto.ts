import { applyDecorators } from '@nestjs/common';
import { Transform } from 'class-transformer';
import { buildMessage, IsBoolean, IsIn, IsOptional, Matches, ValidateBy } from 'class-validator';
import { IdText } from '../../common/dto-decorators.js';
import { PageQuery } from '../../common/page-query.dto.js';
import type { StripeData } from '../objects/stripe-model.entity.js';
import { AccountId } from './account-id.js';

/** Stripe's plural in the path, with underscores: `customers`, `invoice_line_items`, `checkout_sessions`. */
export class ObjectsParam {
  @Matches(/^[a-z0-9_]{1,64}$/, {
    message: '$property must be a type in the plural, such as "customers" or "invoice_payments"',
  })
  objects: string;
}

export class ObjectParam extends ObjectsParam {
  @IdText()
  id: string;
}

/** `true` and `false` as they stand in a URL. */
export function QueryFlag(): PropertyDecorator {
  return applyDecorators(
    Transform(({ value }: { value: unknown }) => (value === 'true' ? true : value === 'false' ? false : value)),
    IsBoolean({ message: '$property must be true or false' }),
  );
}

/** Stripe's own parameters under Stripe's own names, as an object, or as its JSON text where the wire has no objects. */
export function StripeParams(): PropertyDecorator {
  const accepts = (value: unknown): boolean => typeof value === 'object' && value !== null && !Array.isArray(value);
  const defaultMessage = buildMessage(
    () => `$property must be an object with Stripe's parameters, such as {"name":"Ada"}`,
  );
  return applyDecorators(
    Transform(({ obj, key }: { obj: Record<string, unknown>; key: string }) => objectOf(obj[key])),
    ValidateBy({ name: 'stripeParams', validator: { validate: accepts, defaultMessage } }),
  );
}

function objectOf(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  try {
    return JSON.parse(value) as unknown;
  } catch {
    return value;
  }
}

/** For queries and bodies that take nothing: a field that stands there all the same is refused, not overlooked. */
export class NoFields {}

export class AccountQuery {
  /** The connected account that the object belongs to, or `platform`; without it the workspace's own object is preferred. */
  @IsOptional()
  @AccountId()
  account?: string;
}

export class GetObjectQuery extends AccountQuery {
  /** Ask Stripe first, and keep its answer. */
  @IsOptional()
  @QueryFlag()
  fresh?: boolean;
}

export const DELETED_FILTERS = ['false', 'true', 'any'] as const;

export class ListObjectsQuery extends PageQuery {
  /** Ask Stripe for its newest objects of the type first, as many as `limit` says, and keep them. */
  @IsOptional()
  @QueryFlag()
  fresh?: boolean;

  /** Only objects of this connected account, or of the `platform` itself. */
  @IsOptional()
  @AccountId()
  account?: string;

  /** `true`: only those that Stripe has deleted; `any`: those too. */
  @IsOptional()
  @IsIn(DELETED_FILTERS, { message: `$property must be one of ${DELETED_FILTERS.join(', ')}` })
  deleted?: (typeof DELETED_FILTERS)[number];
}

/** A list's query with the filters that fit the type's columns, which no class can name for every type. */
export interface ObjectsListing extends ListObjectsQuery {
  filters: Readonly<Record<string, unknown>>;
}

export class CreateObjectDto {
  /** The connected account in whose name it is made; the workspace's own when left out. */
  @IsOptional()
  @AccountId()
  account?: string;

  @StripeParams()
  params: StripeData;
}

export class UpdateObjectDto extends CreateObjectDto {}

export class DeleteObjectDto extends AccountQuery {
  /** What Stripe takes with the deletion, where it takes anything. */
  @IsOptional()
  @StripeParams()
  params?: StripeData;
}

/** A type of the mirror and what can be asked of it. */
export class ObjectTypeView {
  /** The name in `/v1/billing/:objects`, and of the table in schema `stripe`. */
  objects: string;
  /** Stripe's name of the type; null for the table that holds what no other does. */
  object: string | null;
  /** What a list can be filtered by. */
  filters: string[];
  /** What can be written through Stripe: create, update, delete. */
  writes: string[];
}

export class ObjectTypesView {
  data: ObjectTypeView[];
}

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
  /** The object's page in Stripe's dashboard, null where it has none. */
  dashboardUrl: string | null;
  /** Exactly Stripe's object. */
  data: StripeData;
}

/** One row that asking Stripe again has changed. */
export class ChangedObjectView {
  /** The type in the plural, as in `/v1/billing/:objects`. */
  objects: string;
  id: string;
  change: 'created' | 'updated' | 'deleted';
}

export class SkippedListView {
  path: string;
  /** Why Stripe refused it. */
  code: string;
}

export class ResyncedObjectView {
  object: BillingObjectView;
  changed: ChangedObjectView[];
  /** Lists inside the object that Stripe refused to give. */
  skipped: SkippedListView[];
}
