import { listedItems } from '../billing/quotes.js';
import { sourcesOf } from '../billing/sources.js';
import type { Includes } from '../http/expand.js';
import { embedded, newestFirst } from '../http/listing.js';
import type { Route } from '../http/router.js';
import { maybeObject } from '../core/objects.js';
import { STORED_TYPES } from '../core/types/names.js';
import type { Kinds } from '../core/wire.js';
import { accountPartRoutes } from './account-parts.js';
import { accountRoutes } from './accounts.js';
import { balanceRoutes } from './balance.js';
import { billingCreditRoutes } from './billing-credits.js';
import { billingMeterRoutes } from './billing-meters.js';
import { chargeRoutes, earlyFraudWarningRoutes, refundRoutes } from './charges.js';
import { checkoutSessionRoutes, sessionItems } from './checkout-sessions.js';
import { couponRoutes } from './coupons.js';
import { creditNoteRoutes } from './credit-notes.js';
import { customerBalanceRoutes } from './customer-balance.js';
import { customerSourceRoutes } from './customer-sources.js';
import { customerRoutes } from './customers.js';
import { disputeRoutes } from './disputes.js';
import { eventRoutes } from './events.js';
import { invoiceItemRoutes } from './invoice-items.js';
import { invoiceLineRoutes } from './invoice-lines.js';
import { invoicePreviewRoutes } from './invoice-previews.js';
import { invoicePaymentRoutes } from './invoice-payments.js';
import { invoiceRoutes } from './invoices.js';
import { paymentIntentRoutes } from './payment-intents.js';
import { paymentMethodRoutes } from './payment-methods.js';
import { payoutRoutes } from './payouts.js';
import { priceRoutes } from './prices.js';
import { productRoutes } from './products.js';
import { promotionCodeRoutes } from './promotion-codes.js';
import { quoteRoutes } from './quotes.js';
import { shown, storedRoutes } from './stored/stored-routes.js';
import { setupIntentRoutes } from './setup-intents.js';
import { subscriptionItemRoutes } from './subscription-items.js';
import { subscriptionScheduleRoutes } from './subscription-schedules.js';
import { subscriptionStateRoutes } from './subscription-states.js';
import { subscriptionRoutes } from './subscriptions.js';
import { shippingRateRoutes, taxRateRoutes } from './tax-rates.js';
import { taxIdRoutes, taxIdsOf } from './tax-ids.js';
import { testClockRoutes } from './test-clocks.js';
import { transferRoutes } from './transfers.js';
import { v2Routes } from './v2/v2-routes.js';
import { webhookEndpointRoutes } from './webhook-endpoints.js';

/** The part of Stripe's API that the sandbox simulates. */
const modelledRoutes: readonly Route[] = [
  ...accountPartRoutes,
  ...accountRoutes,
  ...balanceRoutes,
  ...billingCreditRoutes,
  ...billingMeterRoutes,
  ...chargeRoutes,
  ...checkoutSessionRoutes,
  ...couponRoutes,
  ...creditNoteRoutes,
  ...customerBalanceRoutes,
  ...customerRoutes,
  ...customerSourceRoutes,
  ...disputeRoutes,
  ...earlyFraudWarningRoutes,
  ...eventRoutes,
  ...invoiceItemRoutes,
  ...invoiceLineRoutes,
  ...invoicePaymentRoutes,
  ...invoicePreviewRoutes,
  ...invoiceRoutes,
  ...paymentIntentRoutes,
  ...paymentMethodRoutes,
  ...payoutRoutes,
  ...priceRoutes,
  ...productRoutes,
  ...promotionCodeRoutes,
  ...quoteRoutes,
  ...refundRoutes,
  ...shippingRateRoutes,
  ...setupIntentRoutes,
  ...subscriptionItemRoutes,
  ...subscriptionRoutes,
  ...subscriptionScheduleRoutes,
  ...subscriptionStateRoutes,
  ...taxIdRoutes,
  ...taxRateRoutes,
  ...testClockRoutes,
  ...transferRoutes,
  ...webhookEndpointRoutes,
];

const keyOf = ({ method, path }: Route): string => `${method} ${path.replaceAll(/:\w+/g, ':')}`;
const modelled = new Set(modelledRoutes.map(keyOf));

/** All that is answered; everything else is refused with 501. What is only stored gives way to what is simulated. */
export const allRoutes: readonly Route[] = [
  ...modelledRoutes,
  ...storedRoutes(STORED_TYPES).filter((one) => !modelled.has(keyOf(one))),
  ...v2Routes(),
];

/** Fields that are there only when `expand[]` asks for them. */
export const includes: Includes = {
  'checkout.session.line_items': (scope, node) => {
    const session = node as unknown as Kinds['checkout.session'];
    return embedded(sessionItems(session, scope), `/v1/checkout/sessions/${session.id}/line_items`);
  },
  'charge.refunds': (scope, node) => {
    const refunds = scope.all('refund', ({ charge }) => charge === node.id);
    return embedded(newestFirst(refunds), `/v1/charges/${String(node.id)}/refunds`);
  },
  'quote.line_items': (scope, node) => listedItems(scope, node as unknown as Kinds['quote']),
  'price.tiers': (scope, { id }) => scope.maybe('sandbox.tiers', String(id))?.tiers,
  'customer.subscriptions': (scope, node) => {
    const alive = scope.all('subscription', (row) => row.customer === node.id && row.status !== 'canceled');
    return embedded(newestFirst(alive), `/v1/customers/${String(node.id)}/subscriptions`);
  },
  'customer.cash_balance': (scope, node) => {
    const balance = maybeObject(scope, 'cash_balance', String(node.id));
    return balance ? shown(balance) : null;
  },
  'customer.sources': (scope, node) =>
    embedded(sourcesOf(scope, String(node.id)), `/v1/customers/${String(node.id)}/sources`),
  'customer.tax_ids': (scope, node) =>
    embedded(taxIdsOf(scope, String(node.id)), `/v1/customers/${String(node.id)}/tax_ids`),
  'invoice.payments': (scope, node) => {
    const payments = scope.all('invoice_payment', ({ invoice }) => invoice === node.id);
    return embedded(newestFirst(payments), `/v1/invoice_payments?invoice=${String(node.id)}`);
  },
  'invoice.confirmation_secret': (scope, node) => {
    const payment = scope.maybe('invoice_payment', scope.get('sandbox.invoice', String(node.id)).payment ?? '');
    const intent = scope.maybe('payment_intent', payment?.payment.payment_intent ?? '');
    return intent ? { client_secret: intent.client_secret, type: 'payment_intent' } : null;
  },
};
