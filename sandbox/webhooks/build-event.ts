import { stripeId } from '../core/ids.js';
import { API_VERSION, type EventRow } from '../core/wire.js';

export interface EventFields {
  id?: string;
  /** Seconds; now by real time when absent. */
  created?: number;
  account?: string;
  apiVersion?: string;
  livemode?: boolean;
  pendingWebhooks?: number;
  previousAttributes?: Record<string, unknown>;
  request?: EventRow['request'];
}

/** An event of any type around any object, of any API version: what Stripe sends, also where the sandbox never would. */
export function buildEvent(type: string, object: object, fields: EventFields = {}): EventRow {
  return {
    id: fields.id ?? stripeId('evt'),
    object: 'event',
    ...(fields.account !== undefined && { account: fields.account }),
    api_version: fields.apiVersion ?? API_VERSION,
    created: fields.created ?? Math.floor(Date.now() / 1_000),
    data: { object, ...(fields.previousAttributes && { previous_attributes: fields.previousAttributes }) },
    livemode: fields.livemode ?? false,
    pending_webhooks: fields.pendingWebhooks ?? 1,
    request: fields.request ?? { id: null, idempotency_key: null },
    type,
  };
}
