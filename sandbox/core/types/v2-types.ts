import type { StoredType } from './stored-type.js';

/**
 * The types of `/v2/`. Bodies are JSON, so that `create` and `update` only name what is taken; instants are ISO texts,
 * and whatever else is different there is in `resources/v2`.
 */
export const V2_TYPES: readonly StoredType[] = [
  {
    object: 'v2.core.account',
    prefix: 'acct',
    list: '/v2/core/accounts',
    filters: 'applied_configurations[] closed',
    create: 'account_token configuration contact_email contact_phone dashboard defaults display_name identity metadata',
    update: 'account_token configuration contact_email contact_phone dashboard defaults display_name identity metadata',
    events: 'created updated',
    starts: {
      closed: false,
      contact_phone: null,
      dashboard: 'none',
      defaults: null,
      display_name: null,
      future_requirements: null,
      identity: null,
      metadata: {},
      requirements: { entries: [] },
    },
  },
  {
    object: 'v2.core.account_person',
    prefix: 'person',
    list: '/v2/core/accounts/:id/persons',
    parent: { object: 'v2.core.account', field: 'account' },
    create: 'given_name surname email phone metadata relationship address date_of_birth nationalities',
    update: 'given_name surname email phone metadata relationship address date_of_birth nationalities',
    delete: true,
    events: 'created updated deleted',
    starts: { metadata: {} },
  },
  {
    object: 'v2.core.event_destination',
    prefix: 'ed',
    list: '/v2/core/event_destinations',
    update: 'description enabled_events metadata name webhook_endpoint',
    delete: true,
  },
  {
    object: 'v2.core.event',
    prefix: 'evt',
    list: '/v2/core/events',
    filters: 'object_id types[] created',
  },
  { object: 'v2.core.vault.gb_bank_account', prefix: 'gbba', list: '/v2/core/vault/gb_bank_accounts' },
  {
    object: 'v2.core.vault.us_bank_account',
    prefix: 'usba',
    list: '/v2/core/vault/us_bank_accounts',
    filters: 'verification_status',
  },
  {
    object: 'v2.commerce.product_catalog_import',
    prefix: 'pcimprt',
    list: '/v2/commerce/product_catalog/imports',
    filters: 'feed_type status',
  },
  ...moneyManagement(),
];

function moneyManagement(): StoredType[] {
  const rows: [name: string, prefix: string, path: string, filters?: string][] = [
    ['adjustment', 'adj', 'adjustments', 'adjusted_flow created'],
    ['financial_account', 'fa', 'financial_accounts'],
    ['financial_address', 'finaddr', 'financial_addresses', 'financial_account'],
    ['inbound_transfer', 'ibt', 'inbound_transfers', 'created'],
    ['outbound_payment', 'obp', 'outbound_payments', 'created recipient'],
    ['outbound_setup_intent', 'osi', 'outbound_setup_intents'],
    ['payout_intent', 'pi', 'payout_intents'],
    ['payout_method', 'pom', 'payout_methods'],
    ['received_credit', 'rc', 'received_credits', 'created'],
    ['transaction_entry', 'trxne', 'transaction_entries', 'created transaction'],
    ['transaction', 'trxn', 'transactions', 'created financial_account flow'],
  ];
  return rows.map(([name, prefix, path, filters]) => ({
    object: `v2.money_management.${name}`,
    prefix,
    list: `/v2/money_management/${path}`,
    filters,
  }));
}
