import { IsOptional } from 'class-validator';
import { IdText } from '../common/dto-decorators.js';
import { PageQuery } from '../common/page-query.dto.js';

export class ListPrivacyRequestsQuery extends PageQuery {
  @IsOptional()
  @IdText()
  customerId?: string;
}

export class ErasedCustomerView {
  customerId: string;
  /** When it was first asked for. */
  erasedAt: string;
  /** The Stripe customers, and the checkout sessions of guests, that were gone through. */
  stripeCustomerIds: string[];
  /** Rows of the mirror and stored events that were changed by this request. */
  rows: number;
  events: number;
}

export class PrivacyRequestView {
  id: string;
  kind: 'export' | 'erasure';
  customerId: string;
  /** The API key. */
  madeBy: string;
  madeAt: string;
}
