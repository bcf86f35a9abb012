import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { WorkspacesService } from '../access/workspaces.service.js';
import { DomainError, notFound } from '../common/errors.js';
import { newId } from '../common/ids.js';
import { AppConfig } from '../config/app-config.js';
import type { WebhookEndpointView } from './dto/webhook-endpoint.dto.js';
import { SecretBox } from './secret-box.js';
import { WebhookEndpoint, type WebhookEndpointKind } from './webhook-endpoint.entity.js';

/** What a delivery is held against. */
export interface EndpointPolicy {
  /** '' for the default endpoint. */
  id: string;
  workspaceId: string;
  livemode: boolean;
  kind: WebhookEndpointKind;
  secrets: readonly string[];
}

/** A policy is read again after this long, so that a rotated secret counts everywhere within it. */
const CACHE_MS = 1_000;

@Injectable()
export class WebhookEndpointsService {
  private readonly cache = new Map<string, { policy: EndpointPolicy; readAt: number }>();

  constructor(
    private readonly db: DataSource,
    private readonly config: AppConfig,
    private readonly workspaces: WorkspacesService,
  ) {}

  /** The endpoint of `/webhooks/stripe`, from the environment. Errors: `webhook_secret_missing` (503) until one is set. */
  async defaultPolicy(): Promise<EndpointPolicy> {
    const home = await this.workspaces.ensureHome();
    const secrets = this.config.stripeWebhookSecrets;
    if (secrets.length === 0) {
      throw new DomainError(
        'unavailable',
        'webhook_secret_missing',
        'no signing secret is configured: set STRIPE_WEBHOOK_SECRET to the endpoint’s whsec_… and start again',
      );
    }
    return { id: '', workspaceId: home.id, livemode: home.livemode, kind: 'platform', secrets };
  }

  async policyOf(endpointId: string): Promise<EndpointPolicy> {
    const cached = this.cache.get(endpointId);
    if (cached !== undefined && performance.now() - cached.readAt < CACHE_MS) return cached.policy;
    const endpoint = await this.db.getRepository(WebhookEndpoint).findOneBy({ id: endpointId });
    if (endpoint === null) throw notFound('webhook_endpoint', endpointId, 'endpointId');
    const workspace = await this.workspaces.get(endpoint.workspaceId);
    const policy: EndpointPolicy = {
      id: endpoint.id,
      workspaceId: workspace.id,
      livemode: workspace.livemode,
      kind: endpoint.kind,
      secrets: endpoint.sealedSecrets.map((sealed) => this.box().open(sealed)),
    };
    this.cache.set(endpointId, { policy, readAt: performance.now() });
    return policy;
  }

  /** Keeps a further endpoint; the address to give to Stripe is in the answer. */
  async create(
    workspaceId: string,
    dto: { kind: WebhookEndpointKind; secrets: string[] },
    tx: EntityManager,
  ): Promise<WebhookEndpointView> {
    const endpoint = { id: newId('endpoint'), workspaceId, kind: dto.kind, sealedSecrets: this.sealAll(dto.secrets) };
    await tx.getRepository(WebhookEndpoint).insert(endpoint);
    return { id: endpoint.id, kind: endpoint.kind, path: pathOfEndpoint(endpoint.id), secretCount: dto.secrets.length };
  }

  /** Replaces the secrets, all at once: while one is rotated, give the new one and the old one. */
  async replaceSecrets(workspaceId: string, id: string, secrets: string[]): Promise<WebhookEndpointView> {
    const endpoints = this.db.getRepository(WebhookEndpoint);
    const endpoint = await endpoints.findOneBy({ id, workspaceId });
    if (endpoint === null) throw notFound('webhook_endpoint', id, 'id');
    await endpoints.update({ id, workspaceId }, { sealedSecrets: this.sealAll(secrets) });
    this.cache.delete(id);
    return { id, kind: endpoint.kind, path: pathOfEndpoint(id), secretCount: secrets.length };
  }

  seal(secret: string): string {
    return this.box().seal(secret);
  }

  /** Errors: `encryption_key_missing`. */
  requireEncryption(): void {
    this.box();
  }

  /** After a change: this process reads the endpoint anew at the next delivery, the others within a second. */
  forget(id: string): void {
    this.cache.delete(id);
  }

  private sealAll(secrets: readonly string[]): string[] {
    return secrets.map((secret) => this.box().seal(secret));
  }

  private box(): SecretBox {
    const { encryptionKey } = this.config;
    if (encryptionKey === undefined) {
      throw new DomainError(
        'unavailable',
        'encryption_key_missing',
        'further webhook endpoints keep their secrets encrypted: set TRIBUTARY_ENCRYPTION_KEY (32 or more random characters) and start again',
      );
    }
    return new SecretBox(encryptionKey);
  }
}

export function pathOfEndpoint(id: string): string {
  return `/webhooks/stripe/${id}`;
}

export function viewOfEndpoint(endpoint: WebhookEndpoint): WebhookEndpointView {
  const { id, kind, sealedSecrets, stripeId, retiringStripeId, url, eventTypes } = endpoint;
  const secretCount = sealedSecrets.length;
  return { id, kind, path: pathOfEndpoint(id), secretCount, stripeId, retiringStripeId, url, eventTypes };
}
