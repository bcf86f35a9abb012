import { Type } from 'class-transformer';
import { IsIn, IsObject, IsOptional, ValidateNested } from 'class-validator';
import { IdText } from '../../common/dto-decorators.js';
import type { Utm, Visitor } from '../clicks/click-rules.js';
import { PartnerProgramQuery } from '../codes/code.dto.js';
import { CustomerDto, type CustomerView } from './customer.dto.js';

export const REFERRAL_STATES = ['clicked', 'signed_up', 'converted'] as const;
export type ReferralState = (typeof REFERRAL_STATES)[number];

/** A sign-up: by exactly one of `clickId` and `code`. */
export class TrackReferralDto {
  /** The id that the click was given. */
  @IsOptional()
  @IdText()
  clickId?: string | null;

  /** A code that the person typed, where there was no click. */
  @IsOptional()
  @IdText()
  code?: string | null;

  @IsObject({ message: '$property must be an object such as {"externalId":"user_1"}' })
  @ValidateNested()
  @Type(() => CustomerDto)
  customer: CustomerDto;
}

export class ListReferralsQuery extends PartnerProgramQuery {
  @IsOptional()
  @IsIn(REFERRAL_STATES, { message: `$property must be one of ${REFERRAL_STATES.join(', ')}` })
  state?: ReferralState;
}

export class ReferralView {
  id: string;
  programKey: string;
  partnerId: string;
  code: string;
  /** The click it came from, which may be this very row's id; null for a sign-up by code. */
  clickId: string | null;
  /** Who it is about; null while it is only a click. */
  customer: CustomerView | null;
  state: ReferralState;
  clickedAt: string | null;
  signedUpAt: string | null;
  convertedAt: string | null;
  /** Where the click led and where it came from, without queries. */
  url: string | null;
  referrer: string | null;
  /** The campaign that the link named. */
  utm: Utm | null;
  /** Null without a click. */
  visitor: Visitor | null;
  /** Whether the visitor agreed to be recognised; null when nobody asked. */
  consent: boolean | null;
  /** Of the visitor's address and user agent, with the day's salt. */
  ipHash: string | null;
  agentHash: string | null;
  createdAt: string;
}

export class TrackedReferralView extends ReferralView {
  /** Whether the sign-up came within the program's conversion window; one that did not is recorded but binds nobody. */
  withinWindow: boolean;
}
