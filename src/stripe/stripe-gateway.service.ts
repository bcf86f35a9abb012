import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import Stripe from 'stripe';
import { DataSource } from 'typeorm';
import { WorkspacesService } from '../access/workspaces.service.js';
import { DomainError } from '../common/errors.js';
import { AppConfig } from '../config/app-config.js';
import { STRIPE_API_VERSION } from './api-version.js';
import { endpointOf, type StripeEndpoint } from './endpoint.js';
import { withQuery } from './query-text.js';
import { rateRefusalOf } from './rate-refusal.js';
import { RequestLimiter } from './request-limiter.js';
import { pauseBeforeRetryMs } from './retry-rules.js';
import { SlotLeases } from './slot-leases.js';
import type { RequestPriority } from './slot-schedule.js';
import { createStripeClient } from './stripe-client.js';
import { StripeLimits } from './stripe-limits.js';
import { StripeMetrics, type RequestOutcome } from './stripe-metrics.js';

export type StripeJson = Record<string, unknown>;

/** An answer of Stripe's, exactly as it was sent. */
export interface StripeAnswer {
  body: StripeJson;
  /**
   * A second (Unix time, Stripe's clock) at which the answer was not yet older than what it shows: the answer's `Date` less
   * the request's duration. A page stamped so never beats a webhook that it raced.
   */
  stampSeconds: number;
  /** The version in whose shapes Stripe answered. */
  apiVersion: string;
  /** Stripe's name for the request, for its logs and its support. */
  requestId?: string;
  /** Stripe had answered a request with this idempotency key before: the body shows the object as it was then. */
  replayed?: boolean;
}

export interface StripeReadOptions {
  /** A connected account's id; '' or absent for the workspace's own. */
  account?: string;
  priority?: RequestPriority;
  /** Instead of the pinned version. */
  apiVersion?: string;
  /** Instead of the usual time without a byte from Stripe. */
  timeoutMs?: number;
  /** How long each attempt waits for the limiter at most, where its priority's time is too long (a lease that runs out). */
  waitMaxMs?: number;
  /** Counts what was really sent, attempt by attempt, so that a piece of work can tell its cost. */
  meter?: { count(): void };
}

export interface StripeWriteOptions extends StripeReadOptions {
  /** Committed with the intent before the call; the SDK's own random key would die with the process. */
  idempotencyKey: string;
}

export interface StripeDeleteOptions extends StripeReadOptions {
  /** Stripe takes them in the query: `{ invoice_now: true }`. */
  params?: StripeJson;
}

interface Sending {
  method: 'GET' | 'POST' | 'DELETE';
  path: string;
  params?: StripeJson;
  options: StripeReadOptions & { idempotencyKey?: string };
}

/**
 * All requests to Stripe go through here: the pinned version, the limiter and the raw answers. Errors are Stripe's own
 * (`outcomeOf` and `toDomainError` say what they mean), and `unavailable` when nothing was sent. Reads that failed in
 * passing are tried again within a limit; writes never are. Never call it inside a database transaction.
 */
@Injectable()
export class StripeGateway implements OnModuleInit, OnApplicationShutdown {
  private readonly client: ReturnType<typeof createStripeClient> | null;
  /** The workspace that the configured key belongs to, and its limiter. */
  private home: { id: string; limiter: RequestLimiter } | null = null;

  constructor(
    config: AppConfig,
    private readonly workspaces: WorkspacesService,
    private readonly db: DataSource,
    private readonly limits: StripeLimits,
    private readonly metrics: StripeMetrics,
  ) {
    const { stripeSecretKey, stripeApiBase } = config;
    this.client =
      stripeSecretKey === undefined ? null : createStripeClient(stripeSecretKey, stripeApiBase, limits.timeoutMs);
  }

  async onModuleInit(): Promise<void> {
    const { id } = await this.workspaces.ensureHome();
    this.home = { id, limiter: new RequestLimiter(new SlotLeases(this.db, id), this.limits, this.metrics) };
  }

  onApplicationShutdown(): void {
    this.home?.limiter.close();
    this.client?.close();
  }

  /** Whether objects of this workspace can be asked for at all. */
  isConfigured(workspaceId: string): boolean {
    return this.client !== null && this.home?.id === workspaceId;
  }

  async get(workspaceId: string, path: string, options: StripeReadOptions = {}): Promise<StripeAnswer> {
    return this.send(workspaceId, { method: 'GET', path, options });
  }

  /** `params` travel as a form, or as JSON below `/v2/`. */
  async post(
    workspaceId: string,
    path: string,
    params: StripeJson,
    options: StripeWriteOptions,
  ): Promise<StripeAnswer> {
    return this.send(workspaceId, { method: 'POST', path, params, options });
  }

  /** Safe to repeat by its nature: the second time the object is gone (404). */
  async delete(workspaceId: string, path: string, options: StripeDeleteOptions = {}): Promise<StripeAnswer> {
    return this.send(workspaceId, { method: 'DELETE', path: withQuery(path, options.params), options });
  }

  /** For deletions below `/v2/`, which keep a key as posts do, and wherever the caller has committed one. */
  async deleteWithKey(
    workspaceId: string,
    path: string,
    options: StripeDeleteOptions & StripeWriteOptions,
  ): Promise<StripeAnswer> {
    return this.send(workspaceId, { method: 'DELETE', path: withQuery(path, options.params), options });
  }

  private async send(workspaceId: string, sending: Sending): Promise<StripeAnswer> {
    const { stripe, limiter } = this.connectionOf(workspaceId);
    const priority = sending.options.priority ?? 'interactive';
    const endpoint = endpointOf(sending.method, sending.path);
    const until = performance.now() + this.limits.retryWithinMs[priority];
    for (let attempt = 1; ; attempt++) {
      const landed = await limiter.acquire(endpoint, priority, sending.options.waitMaxMs);
      let pauseMs: number | null;
      try {
        const answer = await sendOnce(stripe, sending);
        this.metrics.sent(endpoint, 'ok', priority);
        return answer;
      } catch (error) {
        this.observe(error, endpoint, priority, limiter);
        const leftMs = until - performance.now();
        pauseMs = sending.method === 'GET' ? pauseBeforeRetryMs(error, attempt, leftMs, Math.random()) : null;
        if (pauseMs === null) throw error;
      } finally {
        landed();
      }
      await sleep(pauseMs);
    }
  }

  private observe(error: unknown, endpoint: StripeEndpoint, priority: RequestPriority, limiter: RequestLimiter): void {
    this.metrics.sent(endpoint, metricOutcomeOf(error), priority);
    const reason = rateRefusalOf(error);
    if (reason !== null) limiter.refused(endpoint, reason);
  }

  private connectionOf(workspaceId: string): { stripe: Stripe; limiter: RequestLimiter } {
    if (this.client === null || this.home === null || this.home.id !== workspaceId) {
      throw new DomainError(
        'unavailable',
        'stripe_not_configured',
        'this needs a request to Stripe, and no key is configured: set STRIPE_SECRET_KEY and start again',
      );
    }
    return { stripe: this.client.stripe, limiter: this.home.limiter };
  }
}

async function sendOnce(stripe: Stripe, { method, path, params, options }: Sending): Promise<StripeAnswer> {
  const account = options.account === '' ? undefined : options.account;
  options.meter?.count();
  const startedAt = performance.now();
  const response = (await stripe.rawRequest(method, path, params, {
    // The second version of the API names the account that a request is for in a header of its own.
    ...(path.startsWith('/v2/') ? { stripeContext: account } : { stripeAccount: account }),
    idempotencyKey: options.idempotencyKey,
    apiVersion: options.apiVersion,
    timeout: options.timeoutMs,
  })) as StripeJson & { lastResponse: { headers: Record<string, string | undefined> } };
  const durationMs = performance.now() - startedAt;
  const { headers } = response.lastResponse;
  const answeredAt = Date.parse(headers['date'] ?? '');
  const stampMs = (Number.isNaN(answeredAt) ? Date.now() : answeredAt) - durationMs;
  return {
    body: response,
    stampSeconds: Math.floor(stampMs / 1000),
    apiVersion: headers['stripe-version'] ?? options.apiVersion ?? STRIPE_API_VERSION,
    requestId: headers['request-id'],
    replayed: headers['idempotent-replayed'] === 'true',
  };
}

function metricOutcomeOf(error: unknown): RequestOutcome {
  if (error instanceof Stripe.errors.StripeConnectionError) return 'no_answer';
  const status = error instanceof Stripe.errors.StripeError ? (error.statusCode ?? 500) : 500;
  if (status === 429) return 'rate_limited';
  return status >= 500 ? 'failed' : 'refused';
}
