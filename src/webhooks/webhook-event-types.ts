/** The event types of each family that money follows from; a test holds them against the routes. */
const FAMILIES: Readonly<Record<string, readonly string[]>> = {
  'account.application': ['authorized', 'deauthorized'],
  'account.external_account': ['created', 'deleted', 'updated'],
  account: ['updated'],
  capability: ['updated'],
  charge: ['captured', 'expired', 'failed', 'pending', 'refunded', 'succeeded', 'updated'],
  'charge.dispute': ['closed', 'created', 'funds_reinstated', 'funds_withdrawn', 'updated'],
  'charge.refund': ['updated'],
  'checkout.session': ['async_payment_failed', 'async_payment_succeeded', 'completed', 'expired'],
  credit_note: ['created', 'updated', 'voided'],
  customer: ['created', 'deleted', 'updated'],
  'customer.discount': ['created', 'deleted', 'updated'],
  'customer.source': ['created', 'deleted', 'expiring', 'updated'],
  'customer.subscription': [
    'created',
    'deleted',
    'paused',
    'pending_update_applied',
    'pending_update_expired',
    'resumed',
    'trial_will_end',
    'updated',
  ],
  'customer.tax_id': ['created', 'deleted', 'updated'],
  invoice: [
    'created',
    'deleted',
    'finalization_failed',
    'finalized',
    'marked_uncollectible',
    'overdue',
    'overpaid',
    'paid',
    'payment_action_required',
    'payment_attempt_required',
    'payment_failed',
    'payment_succeeded',
    'sent',
    'upcoming',
    'updated',
    'voided',
    'will_be_due',
  ],
  invoice_payment: ['paid'],
  payment_intent: [
    'amount_capturable_updated',
    'canceled',
    'created',
    'partially_funded',
    'payment_failed',
    'processing',
    'requires_action',
    'succeeded',
  ],
  payout: ['canceled', 'created', 'failed', 'paid', 'reconciliation_completed', 'updated'],
  promotion_code: ['created', 'updated'],
  'radar.early_fraud_warning': ['created', 'updated'],
  refund: ['created', 'failed', 'updated'],
  transfer: ['created', 'reversed', 'updated'],
};

/** Exactly the event types by which sales, refunds, disputes, accounts and payouts become known, as Stripe names them. */
export const MONEY_EVENTS: readonly string[] = Object.entries(FAMILIES).flatMap(([family, happenings]) =>
  happenings.map((happening) => `${family}.${happening}`),
);

/** Stripe's word for every event type, those of tomorrow included. */
export const EVERY_EVENT = '*';

/** Which events an endpoint is made for: `all` keeps the whole mirror true, `money` only what is settled from. */
export const EVENT_CHOICES = ['all', 'money'] as const;
export type EventChoice = (typeof EVENT_CHOICES)[number];

export function eventTypesOf(choice: EventChoice): string[] {
  return choice === 'all' ? [EVERY_EVENT] : [...MONEY_EVENTS];
}
