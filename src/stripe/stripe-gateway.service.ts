import { Injectable, type OnModuleInit } from '@nestjs/common';
import Stripe from 'stripe';
import { WorkspacesService } from '../access/workspaces.service.js';
import { DomainError } from '../common/errors.js';
import { AppConfig } from '../config/app-config.js';
import { RequestLimiter, REQUESTS_PER_SECOND, type RequestPriority } from './request-limiter.js';

/** The version whose shapes are asked for. Webhooks follow their endpoint's version, and the mirror accepts them all. */
export const STRIPE_API_VERSION = '2026-10-28.endive';

const REQUEST_TIMEOUT_MS = 20_000;

export type StripeJson = Record<string, unknown>;

/** An answer of Stripe's, exactly as it was sent. */
export interface StripeAnswer {
  body: StripeJson;
  /**
   * A second (Unix time, Stripe's clock) at which the answer was not yet older than what it shows: the answer's `Date` less
   * the request's duration. A page stamped so never beats a webhook that it raced.
   */
  stampSeconds: number;
  apiVersion: string;
}

export interface StripeReadOptions {
  /** A connected account's id; '' or absent for the workspace's own. */
  account?: string;
  priority?: RequestPriority;
}

export interface StripeWriteOptions extends StripeReadOptions {
  /** Committed with the intent before the call; the SDK's own random key would die with the process. */
  idempotencyKey: string;
}

/**
 * All requests to Stripe go through here: the pinned version, the limiter and the raw answers. Errors are Stripe's own;
 * `outcomeOf` and `toDomainError` say what they mean. Never call it inside a database transaction.
 */
@Injectable()
export class StripeGateway implements OnModuleInit {
  private readonly client: Stripe | null;
  /** The workspace that the configured key belongs to. */
  private homeId: string | null = null;
  private readonly limiter: RequestLimiter;

  constructor(
    config: AppConfig,
    private readonly workspaces: WorkspacesService,
  ) {
    this.client =
      config.stripeSecretKey === undefined ? null : createClient(config.stripeSecretKey, config.stripeApiBase);
    this.limiter = new RequestLimiter(config.livemode ? REQUESTS_PER_SECOND.live : REQUESTS_PER_SECOND.test);
  }

  async onModuleInit(): Promise<void> {
    this.homeId = (await this.workspaces.ensureHome()).id;
  }

  /** Whether objects of this workspace can be asked for at all. */
  isConfigured(workspaceId: string): boolean {
    return this.client !== null && this.homeId === workspaceId;
  }

  async get(workspaceId: string, path: string, options: StripeReadOptions = {}): Promise<StripeAnswer> {
    return this.send(workspaceId, 'GET', path, undefined, options);
  }

  async post(
    workspaceId: string,
    path: string,
    params: StripeJson,
    options: StripeWriteOptions,
  ): Promise<StripeAnswer> {
    return this.send(workspaceId, 'POST', path, params, options);
  }

  private async send(
    workspaceId: string,
    method: 'GET' | 'POST',
    path: string,
    params: StripeJson | undefined,
    options: StripeReadOptions & { idempotencyKey?: string },
  ): Promise<StripeAnswer> {
    const client = this.clientOf(workspaceId);
    await this.limiter.acquire(options.priority ?? 'interactive');
    const startedAt = performance.now();
    const response = (await client.rawRequest(method, path, params, {
      stripeAccount: options.account === '' ? undefined : options.account,
      idempotencyKey: options.idempotencyKey,
    })) as StripeJson & { lastResponse: { headers: Record<string, string> } };
    const durationMs = performance.now() - startedAt;
    const answeredAt = Date.parse(response.lastResponse.headers['date'] ?? '');
    const stampMs = (Number.isNaN(answeredAt) ? Date.now() : answeredAt) - durationMs;
    return { body: response, stampSeconds: Math.floor(stampMs / 1000), apiVersion: STRIPE_API_VERSION };
  }

  private clientOf(workspaceId: string): Stripe {
    if (this.client === null || !this.isConfigured(workspaceId)) {
      throw new DomainError(
        'unavailable',
        'stripe_not_configured',
        'this needs a request to Stripe, and no key is configured: set STRIPE_SECRET_KEY and start again',
      );
    }
    return this.client;
  }
}

function createClient(secretKey: string, apiBase: URL | undefined): Stripe {
  const target =
    apiBase === undefined
      ? {}
      : {
          host: apiBase.hostname,
          port: apiBase.port || (apiBase.protocol === 'https:' ? '443' : '80'),
          protocol: apiBase.protocol === 'https:' ? ('https' as const) : ('http' as const),
        };
  return new Stripe(secretKey, {
    ...target,
    apiVersion: STRIPE_API_VERSION,
    telemetry: false,
    // A repeated attempt is a decision of the caller's, who has the key committed; the SDK must not make it silently.
    maxNetworkRetries: 0,
    timeout: REQUEST_TIMEOUT_MS,
    appInfo: { name: 'Tributary' },
  });
}
