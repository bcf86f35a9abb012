import { driftBetween, STRIPE_API_VERSION, type VersionDrift } from '../stripe/api-version.js';
import { EVERY_EVENT, MONEY_EVENTS } from './webhook-event-types.js';

export interface EndpointAtStripe {
  id: string;
  url: string;
  status: string;
  apiVersion: string | null;
  enabledEvents: string[];
}

export interface EndpointDrift {
  /** Stripe has no such endpoint any more, or never had. */
  missing: boolean;
  disabled: boolean;
  /** Its payloads' version beside the pinned one. */
  version: VersionDrift;
  /** Event types that it was made for, or that money follows from, and that Stripe does not deliver to it. */
  missingEvents: string[];
}

/** How far an endpoint at Stripe lies from what is needed of it. `wanted` is null for one that was made by hand. Pure. */
export function driftOf(endpoint: EndpointAtStripe | null, wanted: readonly string[] | null): EndpointDrift {
  if (endpoint === null) return { missing: true, disabled: false, version: 'unknown', missingEvents: [] };
  const enabled = new Set(endpoint.enabledEvents);
  const needed = enabled.has(EVERY_EVENT) ? [] : [...new Set([...(wanted ?? []), ...MONEY_EVENTS])];
  return {
    missing: false,
    disabled: endpoint.status !== 'enabled',
    // An endpoint without a version of its own follows the account's, which nobody but Stripe knows.
    version: driftBetween(STRIPE_API_VERSION, endpoint.apiVersion),
    missingEvents: needed.filter((type) => !enabled.has(type)),
  };
}
