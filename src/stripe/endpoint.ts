/** What Stripe counts as one endpoint: a method and a path whose ids do not matter. */
export interface StripeEndpoint {
  /** `GET /v1/invoices/{id}`; the key of its limit. */
  name: string;
  /** `invoices`; few values, for figures. */
  family: string;
}

/** Parts of a path that only group resources: what follows them is a resource, not an id. */
const GROUPS = new Set([
  'apple_pay',
  'apps',
  'billing',
  'billing_portal',
  'checkout',
  'climate',
  'commerce',
  'core',
  'data',
  'entitlements',
  'extend',
  'financial_connections',
  'forwarding',
  'identity',
  'issuing',
  'money_management',
  'payments',
  'product_catalog',
  'radar',
  'reporting',
  'sigma',
  'tax',
  'terminal',
  'test_helpers',
  'treasury',
]);

/** Words that stand where a resource's id would, and resources that have no id. */
const ACTIONS = new Set([
  'create_force_capture',
  'create_from_calculation',
  'create_preview',
  'create_reversal',
  'create_unlinked_refund',
  'history',
  'preview',
  'report_payment',
  'search',
  'upcoming',
]);

const ID = '{id}';

/** `path` may carry a query. Ids are told by their place, as plans, products and coupons may have any id. Pure. */
export function endpointOf(method: string, path: string): StripeEndpoint {
  const [version = '', ...parts] = path.split('?', 1)[0]?.split('/').filter(Boolean) ?? [];
  const named: string[] = [];
  let family = '';
  let isIdNext = false;
  for (const part of parts) {
    if (isIdNext && !ACTIONS.has(part)) {
      named.push(ID);
      isIdNext = false;
      continue;
    }
    named.push(part);
    isIdNext = !ACTIONS.has(part) && !GROUPS.has(part);
    if (isIdNext && family === '') family = part;
  }
  return { name: `${method} /${[version, ...named].join('/')}`, family: family === '' ? 'other' : family };
}

/** Stricter than others; both count against the whole as well. Source: https://docs.stripe.com/rate-limits */
export const isStricter = ({ name, family }: StripeEndpoint): boolean => family === 'files' || name.endsWith('/search');
