import { stripeId } from './ids.js';
import type { Kinds } from './wire.js';

type Account = Kinds['account'];

const NO_REQUIREMENTS: NonNullable<Account['requirements']> = {
  alternatives: [],
  current_deadline: null,
  currently_due: [],
  disabled_reason: null,
  errors: [],
  eventually_due: [],
  past_due: [],
  pending_verification: [],
};

/** The fields that every account has, a connected one as well as the platform's. */
export function accountShell(now: number): Account {
  return {
    id: stripeId('acct', 16),
    object: 'account',
    business_profile: {
      annual_revenue: null,
      estimated_worker_count: null,
      mcc: null,
      minority_owned_business_designation: null,
      name: null,
      product_description: null,
      specified_commercial_transactions_act_url: null,
      support_address: null,
      support_email: null,
      support_phone: null,
      support_url: null,
      url: null,
    },
    business_type: null,
    capabilities: {},
    charges_enabled: false,
    controller: { type: 'account' },
    country: 'US',
    created: now,
    default_currency: 'usd',
    details_submitted: false,
    email: null,
    future_requirements: NO_REQUIREMENTS,
    metadata: {},
    payouts_enabled: false,
    requirements: NO_REQUIREMENTS,
    settings: {
      branding: { icon: null, logo: null, primary_color: null, secondary_color: null },
      card_payments: {
        decline_on: { avs_failure: false, cvc_failure: false },
        statement_descriptor_prefix: null,
        statement_descriptor_prefix_kana: null,
        statement_descriptor_prefix_kanji: null,
      },
      dashboard: { display_name: null, timezone: 'Etc/UTC' },
      payments: {
        statement_descriptor: null,
        statement_descriptor_kana: null,
        statement_descriptor_kanji: null,
        statement_descriptor_prefix_kana: null,
        statement_descriptor_prefix_kanji: null,
      },
    },
    tos_acceptance: { date: null, ip: null, user_agent: null },
    type: 'none',
  };
}

export function platformAccount(now: number): Account {
  return {
    ...accountShell(now),
    type: 'standard',
    capabilities: { card_payments: 'active', transfers: 'active' },
    charges_enabled: true,
    details_submitted: true,
    payouts_enabled: true,
    email: 'platform@example.com',
  };
}
