import type { BillingObjectView } from '../dto/billing.dto.js';
import type { StripeObjectType } from '../objects/object-type.js';
import type { StripeModel } from '../objects/stripe-model.entity.js';

const DASHBOARD = 'https://dashboard.stripe.com';

/** A row as both faces show it. */
export function viewOf(row: StripeModel, type: StripeObjectType, workspaceLivemode: boolean): BillingObjectView {
  const { livemode, object } = row.data;
  const isLive = typeof livemode === 'boolean' ? livemode : workspaceLivemode;
  return {
    id: row.id,
    object: typeof object === 'string' ? object : 'unknown',
    account: row.account === '' ? null : row.account,
    livemode: isLive,
    created: row.created?.toISOString() ?? null,
    deleted: row.deletedAt !== null,
    syncedAt: row.syncedAt.toISOString(),
    apiVersion: row.apiVersion,
    dashboardUrl: dashboardUrlOf(type, row.id, row.account, isLive),
    data: row.data,
  };
}

/** The object's page in Stripe's dashboard; null for types that have none. Pure. */
export function dashboardUrlOf(type: StripeObjectType, id: string, account: string, livemode: boolean): string | null {
  if (type.dashboard === null) return null;
  const of = account === '' ? [] : [encodeURIComponent(account)];
  return [DASHBOARD, ...of, ...(livemode ? [] : ['test']), type.dashboard, encodeURIComponent(id)].join('/');
}
