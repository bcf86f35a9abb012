import { STRIPE_OBJECT_TYPES } from '../billing/objects/registry.js';

/**
 * What a rebuild does with each table of schema `tributary`. Every table has one place here; a test fails for a new one that
 * has none.
 */

/** What the company, people or Stripe told us once, and nothing else can tell again. Copied as it is. */
export const RECORDED: readonly string[] = [
  'workspace',
  'partner',
  'partner_standing',
  'partner_group',
  'partner_group_member',
  'partner_allowance',
  'payout_method',
  'referral_program',
  'referral_program_version',
  'referral_program_state',
  'terms_override',
  'exchange_rate',
  'exchange_rate_fixing',
  'referral_code',
  'referral_code_name',
  'referral_code_refusal',
  'referral_code_status',
  'code_promotion_made',
  'referral_tracking',
  'referred_customer',
  'customer_link',
  'person_erasure',
  'erasure_salt',
  'attribution_by_hand',
  // Decisions name the ids of sales, and external sales are known from here alone.
  'sale',
  'commission_decision',
  'off_stripe_amount',
  'customer_erasure',
  'erased_object',
];

/** What the retained events say; they are applied once more. */
export const EVENTS = 'webhook_event';

/**
 * What checks found stays, whatever they would find today. It hangs on commissions, which have other ids after a rebuild,
 * so that it comes by the sale.
 */
export const FOUND = 'suspicion';

/** What is worked out anew, and what only the working out needs. */
export const DERIVED: readonly string[] = [
  'attribution',
  'customer_exemption',
  'commission',
  'sale_count',
  'lead_claim',
  'ledger_transaction',
  'ledger_entry',
  'settle_queue',
  'refetch',
];

/** What no attribution and no commission depends on: payouts, access, work in progress, what watches over the mirror. */
export const NOT_CONCERNED: readonly string[] = [
  'ledger_reservation',
  'payout_run',
  'payout',
  'payout_attempt',
  'payout_request',
  'partner_change',
  'api_key',
  'rate_counter',
  'idempotency_key',
  'stripe_limit',
  'stripe_replica',
  'click_salt',
  'code_promotion',
  'program_discount',
  'customer_ref',
  'customer_intent',
  'privacy_request',
  'webhook_endpoint',
  'webhook_refusal',
  'event_poll',
  'backfill',
  'backfill_task',
  'backfill_count',
  'backfill_seen',
  'api_version_seen',
  'verification',
  'sweep',
  'listed_object',
  'list_follow',
  'readiness',
  'migrations',
  'typeorm_metadata',
  'schema_step',
];

/** Tables of schema `stripe`: rows come by the events, and as they are where no retained event gives them. */
export const MIRROR: readonly string[] = STRIPE_OBJECT_TYPES.map(({ table }) => table);
