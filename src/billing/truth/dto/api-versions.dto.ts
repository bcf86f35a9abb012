import type { VersionDrift } from '../../../stripe/api-version.js';

export class EndpointVersionView {
  /** Stripe's id, `we_…` or `ed_…`. */
  id: string;
  url: string | null;
  status: string | null;
  /** Null for an endpoint without one of its own: it follows the account's default. */
  apiVersion: string | null;
  drift: VersionDrift;
}

export class SeenVersionView {
  apiVersion: string;
  drift: VersionDrift;
  firstSeenAt: string;
  lastSeenAt: string;
}

export class ApiVersionsView {
  /** The version that this build asks Stripe for. */
  pinned: string;
  /** As Stripe lists them now. */
  endpoints: EndpointVersionView[];
  /** Why Stripe could not be asked for them; null when it could. */
  endpointsError: string | null;
  /** The versions in whose shapes events have come, the latest first. */
  seen: SeenVersionView[];
  /** The worst of all that is in use: endpoints that are enabled, and what was seen within the last day. */
  drift: VersionDrift;
  explanation: string;
}
