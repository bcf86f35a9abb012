import type { StripeObjectType } from '../objects/object-type.js';

/** Types whose changes Stripe tells by events, and those that change only together with one of them. */
const TOLD = new Set(
  `account application_fee apps.install balance balance_settings bank_account billing.alert
   billing.credit_balance_transaction billing.credit_grant billing.meter billing_portal.configuration
   billing_portal.session capability card cash_balance charge checkout.session climate.order climate.product coupon
   credit_note credit_note_line_item customer customer_cash_balance_transaction discount dispute
   entitlements.active_entitlement entitlements.active_entitlement_summary fee_refund file
   financial_connections.account financial_connections.authorization identity.verification_session invoice
   invoice_payment invoiceitem issuing.authorization issuing.card issuing.cardholder issuing.dispute
   issuing.personalization_design issuing.token issuing.transaction line_item mandate payment_intent payment_link
   payment_method payout person plan price product promotion_code quote radar.early_fraud_warning refund
   reporting.report_run reporting.report_type reserve.hold reserve.plan reserve.release review scheduled_query_run
   setup_intent source source_transaction subscription subscription_item subscription_schedule tax.settings tax_id
   tax_rate terminal.reader test_helpers.test_clock three_d_secure.authentication topup transfer transfer_reversal
   treasury.credit_reversal treasury.debit_reversal treasury.financial_account treasury.inbound_transfer
   treasury.outbound_payment treasury.outbound_transfer treasury.received_credit treasury.received_debit
   v2.core.account v2.core.account_person`.split(/\s+/),
);

/**
 * Whether Stripe sends events about the type. Of the others only listing them tells what changed.
 * Source: https://docs.stripe.com/api/events/types
 */
export function isTold(type: StripeObjectType): boolean {
  return TOLD.has(type.object);
}
