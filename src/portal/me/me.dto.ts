import { IsIn, IsOptional, Matches } from 'class-validator';
import { IdText, IsoInstant } from '../../common/dto-decorators.js';
import { PageQuery } from '../../common/page-query.dto.js';
import type { PayoutMethodType } from '../../partners/payout-method.entity.js';
import type { PayoutState } from '../../payouts/payout-states.js';
import { COMMISSION_STATES, type CommissionState } from '../../referrals/dto/commission.dto.js';
import { CommissionPostingView } from '../../referrals/dto/commission.dto.js';
import type { ReferralState } from '../../referrals/dto/referral.dto.js';
import type { ProgramState } from '../../referrals/rules/program-lifecycle.js';
import type { CurrencyStatement } from '../../ledger/ledger-reader.service.js';
import { CustomerLabel } from './customer-label.js';

const MONTH = /^\d{4}-(?:0[1-9]|1[0-2])$/;

export class OwnProgramQuery extends PageQuery {
  @IsOptional()
  @IdText()
  programKey?: string;
}

export class OwnCommissionsQuery extends OwnProgramQuery {
  @IsOptional()
  @IsIn(COMMISSION_STATES, { message: `$property must be one of ${COMMISSION_STATES.join(', ')}` })
  state?: CommissionState;
}

export class OwnClicksQuery {
  /** Included; 30 days before `to` when left out. */
  @IsOptional()
  @IsoInstant()
  from?: Date;

  /** Excluded; now when left out. */
  @IsOptional()
  @IsoInstant()
  to?: Date;
}

export class MonthParam {
  /** In UTC, such as `2026-01`. */
  @Matches(MONTH, { message: '$property must be a month such as "2026-01"' })
  month: string;
}

export class OwnProgramView {
  key: string;
  name: string;
  state: ProgramState;
  /** Null: each sale's own. */
  currency: string | null;
  holdDays: number;
  conversionWindowDays: number;
  minPayoutMinor: number;
}

export class ProfileView {
  id: string;
  externalId: string;
  name: string | null;
  email: string | null;
  /** Whether they take part now. What was earned stays readable, and is paid, when they do not. */
  active: boolean;
  deactivatedAt: string | null;
  payoutMethod: PayoutMethodType | null;
  /** Those that they have a code of, in the order of their keys. */
  programs: OwnProgramView[];
}

export class OwnCodeView {
  code: string;
  programKey: string;
  /** What to share; null where the service was not told its public address. */
  link: string | null;
  active: boolean;
  statusReason: string | null;
  maxUses: number | null;
  /** How many customers it has brought. */
  uses: number;
  expiresAt: string | null;
  createdAt: string;
}

export class ClicksOfDayView {
  /** In UTC. */
  day: string;
  programKey: string;
  code: string;
  clicks: number;
  /** Besides: what said that it is a program, or fetched ahead. */
  bots: number;
}

export class OwnClicksView {
  from: string;
  to: string;
  /** By day, then code; days without clicks are left out. */
  data: ClicksOfDayView[];
}

export class OwnReferralView {
  id: string;
  programKey: string;
  code: string;
  customer: CustomerLabel;
  state: ReferralState;
  clickedAt: string | null;
  signedUpAt: string | null;
  convertedAt: string | null;
}

export class OwnCustomerView {
  customer: CustomerLabel;
  programKey: string;
  code: string;
  /** From when on they are the partner's. */
  boundAt: string;
}

export class OwnCommissionView {
  id: string;
  programKey: string;
  code: string;
  customer: CustomerLabel;
  state: CommissionState;
  /** Why it is in that state, and what was taken back. */
  reasons: string[];
  amountMinor: number;
  reversedMinor: number;
  netMinor: number;
  currency: string;
  occurredAt: string;
  dueAt: string;
}

export class OwnPostingView {
  kind: CommissionPostingView['kind'];
  amountMinor: number;
  occurredAt: string;
}

export class OwnCommissionDetail extends OwnCommissionView {
  /** How the amount came about, one sentence per step. */
  steps: string[];
  /** Everything that was posted for it, oldest first. */
  ledger: OwnPostingView[];
}

export class MonthlyStatementView {
  month: string;
  /** Included; in UTC. */
  from: string;
  /** Excluded. */
  to: string;
  /** One per currency, in the order of their codes. */
  statements: CurrencyStatement[];
}

export class OwnPayoutView {
  id: string;
  state: PayoutState;
  method: PayoutMethodType;
  amountMinor: number;
  currency: string;
  /** The transfer's id, or the reference of a payment by hand. */
  reference: string | null;
  /** What came back of it in all. */
  reversedMinor: number;
  approvedAt: string | null;
  sentAt: string | null;
}
