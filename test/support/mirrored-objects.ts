import { randomId, type StripeObject } from './stripe-events.js';
import {
  charge,
  checkoutSession,
  customer,
  invoice,
  invoiceLine,
  invoicePayment,
  refund,
  subscription,
  subscriptionItem,
} from './stripe-objects.js';

type Fields = Record<string, unknown>;

const CREATED = 1_780_000_000;

const RECURRING = { interval: 'month', interval_count: 1, usage_type: 'licensed' };
const PRICE = {
  id: 'price_1',
  object: 'price',
  product: 'prod_1',
  unit_amount: 500,
  currency: 'usd',
  recurring: RECURRING,
};

/** The types that have builders of their own, whose objects are more than a few fields. */
const BUILDERS: Record<string, (fields: Fields) => StripeObject> = {
  customer: (fields) =>
    customer({
      email: 'ada@example.com',
      discount: { id: 'di_1', object: 'discount', customer: 'cus_1', coupon: { id: 'half', object: 'coupon' } },
      ...fields,
    }),
  subscription: (fields) => subscription({ customer: 'cus_1', currency: 'usd', ended_at: CREATED, ...fields }),
  subscription_item: (fields) => subscriptionItem({ price: PRICE, ...fields }),
  invoice: (fields) =>
    invoice({
      customer: 'cus_1',
      parent: { subscription_details: { subscription: 'sub_1' } },
      payment_intent: 'pi_1',
      charge: 'ch_1',
      ...fields,
    }),
  line_item: (fields) =>
    invoiceLine({
      subscription: 'sub_1',
      invoice_item: 'ii_1',
      price: PRICE,
      period: { start: CREATED, end: CREATED + 2_592_000 },
      ...fields,
    }),
  invoice_payment: (fields) =>
    invoicePayment('in_1', 'pi_1', 500, { payment: { payment_intent: 'pi_1', charge: 'ch_1' }, ...fields }),
  charge: (fields) => charge({ customer: 'cus_1', payment_intent: 'pi_1', invoice: 'in_1', ...fields }),
  refund: (fields) => refund('ch_1', 500, { payment_intent: 'pi_1', ...fields }),
  'checkout.session': (fields) =>
    checkoutSession({
      customer: 'cus_1',
      payment_intent: 'pi_1',
      subscription: 'sub_1',
      invoice: 'in_1',
      payment_link: 'plink_1',
      client_reference_id: 'click_1',
      discounts: [{ promotion_code: 'promo_1' }],
      ...fields,
    }),
};

const CUSTOMER = { customer: 'cus_1' };
const PAYMENT = { charge: 'ch_1', payment_intent: 'pi_1' };
const TREASURY = { financial_account: 'fa_1', status: 'posted', amount: 500, currency: 'usd' };

/** What makes an object of a type one of its kind, beside its id and the moment of its making: one line a type. */
const FIELDS: Record<string, Fields> = {
  account: { type: 'express', capabilities: { transfers: 'active' }, requirements: { currently_due: [] } },
  'v2.core.account': { created: '2026-05-28T20:26:40.000Z', applied_configurations: ['recipient'], livemode: false },
  'v2.core.account_person': { created: '2026-05-28T20:26:40.000Z', account: 'acct_1', given_name: 'Ada' },
  'v2.core.event_destination': { created: '2026-05-28T20:26:40.000Z', status: 'enabled', type: 'webhook_endpoint' },
  capability: { id: 'transfers', account: 'acct_1', requested: true, status: 'active' },
  person: { account: 'acct_1', first_name: 'Ada', relationship: { representative: true } },
  application: { name: 'Ledger Friend' },
  application_fee: { charge: 'ch_1', balance_transaction: 'txn_1', account: 'acct_1', amount: 50, currency: 'usd' },
  fee_refund: { fee: 'fee_1', balance_transaction: 'txn_1', amount: 10, currency: 'usd' },
  transfer: {
    destination: 'acct_1',
    source_transaction: 'ch_1',
    transfer_group: 'run_1',
    amount: 500,
    reversed: false,
  },
  transfer_reversal: { transfer: 'tr_1', amount: 100, currency: 'usd' },
  payout: { destination: 'ba_1', status: 'paid', amount: 500, currency: 'usd', arrival_date: CREATED },
  topup: { status: 'succeeded', amount: 500, currency: 'usd' },
  'reserve.hold': { amount: 500, currency: 'usd' },
  'reserve.plan': { status: 'active', type: 'percent' },
  'reserve.release': { amount: 500, currency: 'usd' },
  country_spec: { id: 'DE', default_currency: 'eur', supported_payment_currencies: ['eur'] },
  exchange_rate: { id: 'eur', rates: { usd: 1.1 } },
  webhook_endpoint: { status: 'enabled', url: 'https://example.com/hook', enabled_events: ['*'] },
  invoiceitem: { ...CUSTOMER, invoice: 'in_1', amount: 500, currency: 'usd', date: CREATED },
  credit_note: { ...CUSTOMER, invoice: 'in_1', status: 'issued', amount: 500, currency: 'usd' },
  credit_note_line_item: { type: 'invoice_line_item', amount: 500 },
  subscription_schedule: { ...CUSTOMER, subscription: 'sub_1', status: 'active', phases: [] },
  quote: { ...CUSTOMER, subscription: 'sub_1', invoice: 'in_1', status: 'open', amount_total: 500 },
  invoice_rendering_template: { status: 'active', version: 1 },
  customer_balance_transaction: { ...CUSTOMER, invoice: 'in_1', type: 'applied_to_invoice', amount: -500 },
  customer_cash_balance_transaction: { ...CUSTOMER, type: 'funded', net_amount: 500, currency: 'usd' },
  cash_balance: { ...CUSTOMER, id: undefined, available: { eur: 500 } },
  tax_id: { ...CUSTOMER, type: 'eu_vat', value: 'DE123456789' },
  discount: {
    ...CUSTOMER,
    promotion_code: 'promo_1',
    subscription: 'sub_1',
    invoice: 'in_1',
    source: { coupon: 'half' },
  },
  coupon: { percent_off: 50, duration: 'forever', valid: true },
  promotion_code: { code: 'HALF', promotion: { type: 'coupon', coupon: 'half' }, active: true },
  product: { name: 'Basic', active: true },
  price: { product: 'prod_1', active: true, unit_amount: 500, currency: 'usd', recurring: RECURRING },
  plan: { product: 'prod_1', active: true, amount: 500, currency: 'usd', ...RECURRING },
  product_feature: { entitlement_feature: { id: 'feat_1', object: 'entitlements.feature' } },
  'product_catalog.trial_offer': { price: 'price_1', active: true },
  shipping_rate: { active: true, type: 'fixed_amount' },
  tax_rate: { active: true, percentage: 19, inclusive: false },
  'billing.meter': { status: 'active', event_name: 'api_call' },
  'billing.alert': { status: 'active', title: 'Too much' },
  'billing.credit_grant': { ...CUSTOMER, category: 'paid', amount: { type: 'monetary' } },
  'billing.credit_balance_transaction': { credit_grant: 'credgr_1', type: 'credit' },
  'billing.feedback_option': { status: 'active' },
  'billing_portal.configuration': { active: true, is_default: true },
  'billing_portal.session': { ...CUSTOMER, return_url: 'https://example.com' },
  'entitlements.feature': { lookup_key: 'export', active: true },
  'entitlements.active_entitlement': { feature: 'feat_1', lookup_key: 'export' },
  'entitlements.active_entitlement_summary': {
    ...CUSTOMER,
    id: undefined,
    entitlements: {
      object: 'list',
      data: [{ id: 'ent_1', object: 'entitlements.active_entitlement', feature: 'feat_1', lookup_key: 'export' }],
      has_more: false,
    },
  },
  'tax.settings': { id: undefined, status: 'active', defaults: { tax_behavior: 'exclusive' } },
  'tax.registration': { status: 'active', country: 'DE' },
  'tax.transaction': { ...CUSTOMER, type: 'transaction' },
  'tax.calculation': { ...CUSTOMER, amount_total: 500 },
  'tax.location': { type: 'performance', description: 'The hall' },
  'tax.transaction_line_item': { product: 'prod_1', amount: 500, amount_tax: 95 },
  'tax.calculation_line_item': { product: 'prod_1', amount: 500, amount_tax: 95 },
  tax_code: { name: 'Software as a service' },
  'test_helpers.test_clock': { status: 'ready', frozen_time: CREATED },
  payment_intent: { ...CUSTOMER, invoice: 'in_1', status: 'processing', amount: 500, currency: 'usd' },
  payment_intent_amount_details_line_item: { product_code: 'basic', quantity: 1, unit_cost: 500 },
  dispute: { ...PAYMENT, status: 'needs_response', amount: 500, currency: 'usd' },
  payment_method: { ...CUSTOMER, type: 'card', card: { brand: 'visa', last4: '4242' } },
  setup_intent: { ...CUSTOMER, payment_method: 'pm_1', status: 'requires_action' },
  setup_attempt: { ...CUSTOMER, setup_intent: 'seti_1', status: 'succeeded' },
  mandate: { payment_method: 'pm_1', status: 'active', type: 'multi_use' },
  card: { ...CUSTOMER, account: 'acct_1', brand: 'Visa', last4: '4242' },
  bank_account: { ...CUSTOMER, account: 'acct_1', status: 'new', last4: '6789' },
  source: { ...CUSTOMER, status: 'chargeable', type: 'sepa_debit' },
  source_transaction: { source: 'src_1', status: 'succeeded', type: 'sepa_credit_transfer' },
  source_mandate_notification: { source: 'src_1', status: 'submitted' },
  payment_link: { active: true, url: 'https://buy.example.com/1' },
  item: { price: { id: 'price_1', object: 'price' }, quantity: 1, amount_total: 500, currency: 'usd' },
  balance: { id: undefined, available: [{ amount: 500, currency: 'usd' }], pending: [] },
  balance_settings: { id: undefined, payments: { debit_negative_balances: true } },
  price_tiers: { tiers: [{ up_to: null, unit_amount: 300 }] },
  balance_transaction: {
    ...{ source: 'ch_1', type: 'charge', amount: 500, fee: 20, net: 480 },
    ...{ status: 'pending', available_on: 4_000_000_000 },
  },
  payment_method_configuration: { active: true, is_default: true, name: 'Default' },
  payment_method_domain: { domain_name: 'example.com', enabled: true },
  payment_record: { amount: { value: 500, currency: 'usd' } },
  payment_attempt_record: { payment_record: 'pr_1', amount: { value: 500, currency: 'usd' } },
  apple_pay_domain: { domain_name: 'example.com' },
  'radar.early_fraud_warning': { ...PAYMENT, actionable: true, fraud_type: 'misc' },
  'radar.value_list': { alias: 'blocked_cards', item_type: 'card_fingerprint' },
  'radar.value_list_item': { value_list: 'rsl_1', value: 'abc' },
  review: { ...PAYMENT, open: true, reason: 'rule' },
  'three_d_secure.authentication': { payment_method: 'pm_1', status: 'succeeded' },
  'forwarding.request': { payment_method: 'pm_1', url: 'https://example.com' },
  file: { purpose: 'dispute_evidence', type: 'pdf', size: 500 },
  file_link: { file: 'file_1', expired: false },
  'reporting.report_run': { status: 'pending', report_type: 'balance.summary.1' },
  'reporting.report_type': { id: 'balance.summary.1', version: 1, updated: CREATED },
  scheduled_query_run: { status: 'completed', title: 'Charges' },
  'identity.verification_session': { related_customer: 'cus_1', status: 'verified', type: 'document' },
  'identity.verification_report': { verification_session: 'vs_1', type: 'document' },
  'terminal.location': { display_name: 'Counter' },
  'terminal.reader': { location: 'tml_1', status: 'online' },
  'terminal.configuration': { name: 'Default' },
  'issuing.cardholder': { status: 'active', type: 'individual' },
  'issuing.card': { cardholder: 'ich_1', status: 'active', type: 'virtual' },
  'issuing.authorization': { card: 'ic_1', cardholder: 'ich_1', status: 'pending' },
  'issuing.transaction': { card: 'ic_1', cardholder: 'ich_1', authorization: 'iauth_1', type: 'capture' },
  'issuing.dispute': { transaction: 'ipi_1', status: 'submitted' },
  'issuing.token': { card: 'ic_1', status: 'active' },
  'issuing.personalization_design': { status: 'active' },
  'issuing.physical_bundle': { status: 'active', type: 'standard' },
  'treasury.financial_account': { status: 'open', balance: { cash: { usd: 500 } } },
  'treasury.transaction': TREASURY,
  'treasury.transaction_entry': { ...TREASURY, type: 'outbound_payment' },
  'treasury.inbound_transfer': TREASURY,
  'treasury.outbound_transfer': TREASURY,
  'treasury.outbound_payment': TREASURY,
  'treasury.received_credit': TREASURY,
  'treasury.received_debit': TREASURY,
  'treasury.credit_reversal': TREASURY,
  'treasury.debit_reversal': TREASURY,
  'financial_connections.account': { status: 'active', institution_name: 'Bank' },
  'financial_connections.authorization': { status: 'active' },
  'financial_connections.transaction': { status: 'posted', amount: 500, currency: 'usd' },
  'apps.install': { status: 'installed' },
  'apps.secret': { name: 'token', scope: { type: 'account' } },
  'climate.order': { product: 'climsku_1', status: 'open', metric_tons: '1.5' },
  'climate.product': { name: 'Removal', metric_tons_available: '100' },
  'climate.supplier': { name: 'Rocks' },
};

/** Types of which the registry row needs an object here. */
export const BUILT_TYPES: ReadonlySet<string> = new Set([...Object.keys(BUILDERS), ...Object.keys(FIELDS)]);

/**
 * An object of the type as Stripe sends it today, with every field set that the mirror computes a column from. Throws for
 * a type that nobody has written down here.
 */
export function mirroredObject(object: string, idPrefix: string, fields: Fields = {}): Fields & { object: string } {
  const build = BUILDERS[object];
  if (build !== undefined) return build(fields);
  const own = FIELDS[object];
  if (own === undefined) throw new RangeError(`write down an object of the type ${object} in mirrored-objects.ts`);
  const id = randomId(idPrefix === '' ? object.replace(/\W/g, '_') : idPrefix.slice(0, -1));
  return { id, object, created: CREATED, livemode: false, ...own, ...fields };
}
