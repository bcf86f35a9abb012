import { isStricter, type StripeEndpoint } from './endpoint.js';
import type { RequestPriority } from './slot-schedule.js';

/** Stripe counts 25 a second for each endpoint, 20 for files and searches; kept just below. */
const ENDPOINT_PER_SECOND = 24;
const STRICTER_PER_SECOND = 19;
/** An account whose limit Stripe raised above 100 has those of its endpoints raised with it. */
const ENDPOINT_SHARE = 0.25;
/** Stripe does not publish how many may be under way at once; more than a second's worth are a sign of trouble. */
const FLIGHTS_LEAST = 10;

/** How long a request waits for its slot before it is given up, in ms: a person does not wait, a backfill does. */
const WAIT_MAX_MS: Readonly<Record<RequestPriority, number>> = { refetch: 60_000, interactive: 15_000, bulk: 600_000 };
/** How long a read is tried again, from its first attempt on. */
const RETRY_WITHIN_MS: Readonly<Record<RequestPriority, number>> = {
  refetch: 15_000,
  interactive: 5_000,
  bulk: 60_000,
};

export interface StripeFigures {
  /** Of all requests of the account, by all replicas. */
  requestsPerSecond: number;
  endpointPerSecond: number;
  /** For files and searches. */
  stricterPerSecond: number;
  /** Requests under way at once, of all replicas. */
  flightsMax: number;
  waitMaxMs: Readonly<Record<RequestPriority, number>>;
  retryWithinMs: Readonly<Record<RequestPriority, number>>;
  timeoutMs: number;
}

const REQUEST_TIMEOUT_MS = 20_000;

/** How much Stripe is asked. Injected by this class, so that a test or a larger house can give other figures. */
export class StripeLimits implements StripeFigures {
  readonly requestsPerSecond: number;
  readonly endpointPerSecond: number;
  readonly stricterPerSecond: number;
  readonly flightsMax: number;
  readonly waitMaxMs: Readonly<Record<RequestPriority, number>>;
  readonly retryWithinMs: Readonly<Record<RequestPriority, number>>;
  readonly timeoutMs: number;

  constructor(figures: Partial<StripeFigures> & Pick<StripeFigures, 'requestsPerSecond'>) {
    const { requestsPerSecond: perSecond } = figures;
    this.requestsPerSecond = perSecond;
    this.endpointPerSecond = figures.endpointPerSecond ?? Math.max(ENDPOINT_PER_SECOND, perSecond * ENDPOINT_SHARE);
    this.stricterPerSecond = figures.stricterPerSecond ?? STRICTER_PER_SECOND;
    this.flightsMax = figures.flightsMax ?? Math.max(FLIGHTS_LEAST, perSecond);
    this.waitMaxMs = figures.waitMaxMs ?? WAIT_MAX_MS;
    this.retryWithinMs = figures.retryWithinMs ?? RETRY_WITHIN_MS;
    this.timeoutMs = figures.timeoutMs ?? REQUEST_TIMEOUT_MS;
  }

  perSecondOf(endpoint: StripeEndpoint): number {
    return isStricter(endpoint) ? this.stricterPerSecond : this.endpointPerSecond;
  }
}
