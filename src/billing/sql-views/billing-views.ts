import { CATALOG_VIEWS, CUSTOMER_VIEWS } from './customer-views.js';
import { INVOICE_VIEWS } from './invoice-views.js';
import { MRR_VIEWS } from './mrr-views.js';
import { BALANCE_VIEWS, PAYMENT_VIEWS, REFERRAL_VIEWS } from './payment-views.js';
import { SUBSCRIPTION_VIEWS } from './subscription-views.js';
import type { SqlView } from './view.js';

/** Every view of schema `billing`, in the order in which they can be made. */
export const BILLING_VIEWS: readonly SqlView[] = [
  ...CUSTOMER_VIEWS,
  ...CATALOG_VIEWS,
  ...SUBSCRIPTION_VIEWS,
  ...INVOICE_VIEWS,
  ...PAYMENT_VIEWS,
  ...BALANCE_VIEWS,
  ...MRR_VIEWS,
  ...REFERRAL_VIEWS,
];
