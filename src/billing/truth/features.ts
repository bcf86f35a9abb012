/** What stops working when a type cannot be listed or read, by table. Every type's own rows suffer besides. */
const FEATURES: Readonly<Record<string, readonly string[]>> = {
  events: ['events that no delivery brought are not recovered'],
  accounts: ['whether a partner can be paid', 'accounts of partners', 'connected accounts'],
  v2_core_accounts: ['accounts of the second API version'],
  balances: ['whether the balance covers a payout run'],
  charges: ['commissions on payments without an invoice', 'fee and net of charges', 'refunds'],
  checkout_sessions: ['attribution of sales by Checkout'],
  coupons: ['discounts of invoices'],
  credit_notes: ['commissions follow credit notes'],
  customers: ['who was referred', 'customers and their subscriptions'],
  disputes: ['commissions follow disputes'],
  invoice_payments: ['the charge and the payment of an invoice', 'commissions on invoices'],
  invoices: ['commissions on invoices', 'what was paid for what'],
  payment_intents: ['commissions on payments without an invoice'],
  payouts: ['whether money has arrived at a partner’s bank'],
  prices: ['commissions that depend on the price'],
  products: ['commissions that depend on the product'],
  promotion_codes: ['attribution by promotion codes'],
  radar_early_fraud_warnings: ['commissions are held back on warnings of fraud'],
  refunds: ['commissions follow refunds'],
  subscriptions: ['whether a subscription is valid', 'monthly value'],
  transfers: ['reconciling payouts to partners'],
  webhook_endpoints: ['comparing the endpoints’ API versions', 'registering endpoints'],
};

export function featuresOf(table: string): string[] {
  return [...(FEATURES[table] ?? []), ...(table === 'events' ? [] : [`backfill, sweep and verification of ${table}`])];
}
