import { ApiKey } from './access/api-key.entity.js';
import { IdempotencyKey } from './access/idempotency-key.entity.js';
import { RateCounter } from './access/rate-counter.entity.js';
import { Workspace } from './access/workspace.entity.js';
import type { EntityList } from './database/data-source.js';
import type { SchemaStep } from './database/schema-steps.js';
import { BILLING_ENTITIES } from './billing/billing.entities.js';
import { MIRROR_TABLES } from './billing/objects/mirror-schema.js';
import { READER } from './billing/sql-views/reader-role.js';
import { VIEWS, VIEWS_MAKE_WAY } from './billing/sql-views/views-schema.js';
import { LedgerEntry } from './ledger/ledger-entry.entity.js';
import { LedgerReservation } from './ledger/ledger-reservation.entity.js';
import { LedgerTransaction } from './ledger/ledger-transaction.entity.js';
import { PartnerGroupMember } from './partners/groups/partner-group-member.entity.js';
import { PartnerGroup } from './partners/groups/partner-group.entity.js';
import { PartnerChange } from './partners/partner-change.entity.js';
import { PartnerStanding } from './partners/partner-standing.entity.js';
import { Partner } from './partners/partner.entity.js';
import { PayoutMethod } from './partners/payout-method.entity.js';
import { Payout } from './payouts/payout.entity.js';
import { PayoutAttempt } from './payouts/payout-attempt.entity.js';
import { PayoutRun } from './payouts/payout-run.entity.js';
import { PayoutRequest } from './payouts/requests/payout-request.entity.js';
import { AttributionByHand } from './referrals/attribution/attribution-by-hand.entity.js';
import { Attribution } from './referrals/attribution.entity.js';
import { ClickSalt } from './referrals/clicks/click-salt.entity.js';
import { CodePromotion, CodePromotionMade } from './referrals/codes/code-promotion.entity.js';
import { ReferralCodeName } from './referrals/codes/referral-code-name.entity.js';
import { ReferralCodeRefusal } from './referrals/codes/referral-code-refusal.entity.js';
import { ReferralCodeStatus } from './referrals/codes/referral-code-status.entity.js';
import { Commission } from './referrals/commission.entity.js';
import { CustomerLink } from './referrals/customer-link.entity.js';
import { ExchangeRateFixing } from './referrals/exchange/exchange-rate-fixing.entity.js';
import { ExchangeRate } from './referrals/exchange/exchange-rate.entity.js';
import { CommissionDecision } from './referrals/holds/commission-decision.entity.js';
import { ErasureSalt, PersonErasure } from './referrals/erasure/person-erasure.entity.js';
import { ReferralCode } from './referrals/referral-code.entity.js';
import { ReferralProgram } from './referrals/referral-program.entity.js';
import { ReferralProgramVersion } from './referrals/referral-program-version.entity.js';
import { ReferralTracking } from './referrals/referral-tracking.entity.js';
import { ReferredCustomer } from './referrals/referred-customer.entity.js';
import { SaleCount } from './referrals/sale-count.entity.js';
import { Sale } from './referrals/sale.entity.js';
import { CustomerExemption } from './referrals/standing/customer-exemption.entity.js';
import { ProgramStateChange } from './referrals/standing/program-state.entity.js';
import { PartnerAllowance } from './referrals/suspicion/partner-allowance.entity.js';
import { LeadClaim } from './referrals/leads/lead-claim.entity.js';
import { ProgramDiscount } from './referrals/discounts/program-discount.entity.js';
import { SuspicionFound } from './referrals/suspicion/suspicion.entity.js';
import { PrivacyRequest } from './privacy/privacy-request.entity.js';
import { TermsOverride } from './referrals/terms/terms-override.entity.js';
import { StripeLimit } from './stripe/stripe-limit.entity.js';
import { StripeReplica } from './stripe/stripe-replica.entity.js';
import { EventPoll } from './webhooks/event-poll.entity.js';
import { WebhookEndpoint } from './webhooks/webhook-endpoint.entity.js';
import { WebhookEvent } from './webhooks/webhook-event.entity.js';
import { WebhookRefusal } from './webhooks/webhook-refusal.entity.js';

/** Every entity of every room, one by one; what is not here has no table. */
export const ENTITIES: EntityList & unknown[] = [
  Workspace,
  ApiKey,
  RateCounter,
  IdempotencyKey,
  StripeLimit,
  StripeReplica,
  ...BILLING_ENTITIES,
  LedgerTransaction,
  LedgerEntry,
  LedgerReservation,
  Partner,
  PartnerChange,
  PartnerStanding,
  PartnerGroup,
  PartnerGroupMember,
  PayoutMethod,
  ReferralProgram,
  ReferralProgramVersion,
  ProgramDiscount,
  TermsOverride,
  ProgramStateChange,
  CustomerExemption,
  ExchangeRate,
  ExchangeRateFixing,
  ReferralCode,
  ReferralCodeName,
  ReferralCodeRefusal,
  ReferralCodeStatus,
  CodePromotion,
  CodePromotionMade,
  ClickSalt,
  ReferralTracking,
  ReferredCustomer,
  CustomerLink,
  PersonErasure,
  ErasureSalt,
  PrivacyRequest,
  Attribution,
  AttributionByHand,
  Sale,
  SaleCount,
  Commission,
  CommissionDecision,
  SuspicionFound,
  LeadClaim,
  PartnerAllowance,
  PayoutRun,
  PayoutRequest,
  Payout,
  PayoutAttempt,
  WebhookEvent,
  WebhookEndpoint,
  WebhookRefusal,
  EventPoll,
];

/** What of the schema is derived from this build and follows the migrations, in this order. */
export const SCHEMA_STEPS: readonly SchemaStep[] = [VIEWS_MAKE_WAY, MIRROR_TABLES, VIEWS, READER];
