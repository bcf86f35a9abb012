import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { StripeFetcher } from '../billing/mirror/stripe-fetcher.js';
import { StripeWriter } from '../billing/operations/stripe-writer.service.js';
import { derivedFrom, type WriteCall } from '../billing/operations/write-call.js';
import type { StripeData } from '../billing/objects/stripe-model.entity.js';
import { DomainError, invalidField, notFound } from '../common/errors.js';
import { AppConfig } from '../config/app-config.js';
import { STRIPE_API_VERSION } from '../stripe/api-version.js';
import { toDomainError } from '../stripe/failure.js';
import type {
  CreateWebhookEndpointDto,
  WebhookEndpointDetail,
  WebhookEndpointView,
} from './dto/webhook-endpoint.dto.js';
import { driftOf, type EndpointAtStripe } from './webhook-endpoint-drift.js';
import { WebhookEndpoint } from './webhook-endpoint.entity.js';
import { viewOfEndpoint, WebhookEndpointsService } from './webhook-endpoints.service.js';
import { eventTypesOf } from './webhook-event-types.js';
import { WebhookRefusals } from './webhook-refusals.service.js';

const COLLECTION = '/v1/webhook_endpoints';
const ID_CHARS = 26;

/** Makes, rotates and deletes endpoints at Stripe, and holds against each other what is wanted and what Stripe has. */
@Injectable()
export class WebhookEndpointsAtStripe {
  constructor(
    private readonly db: DataSource,
    private readonly config: AppConfig,
    private readonly writer: StripeWriter,
    private readonly fetcher: StripeFetcher,
    private readonly endpoints: WebhookEndpointsService,
    private readonly refusals: WebhookRefusals,
  ) {}

  /** Either takes the secrets of an endpoint that was made by hand, or makes one at Stripe that delivers to `url`. */
  async create(call: WriteCall, dto: CreateWebhookEndpointDto): Promise<WebhookEndpointView> {
    const { secrets, url } = dto;
    if ((secrets === undefined) === (url === undefined))
      throw invalidField('url', 'invalid_field', 'send either the secrets of an endpoint, or the url to make one for');
    if (secrets !== undefined) {
      const byHand = { kind: dto.kind, secrets };
      return this.db.transaction((tx) => this.endpoints.create(call.workspaceId, byHand, tx));
    }
    return this.createAtStripe(call, { ...dto, url: url as string });
  }

  /**
   * A second endpoint at Stripe with the same address and events, since Stripe rotates secrets in its dashboard only. Both
   * deliver, and both secrets are valid, until the old one is retired; an event that comes twice counts once.
   */
  async rotate({ workspaceId }: WriteCall, id: string): Promise<WebhookEndpointView> {
    const endpoint = await this.madeHere(workspaceId, id);
    if (endpoint.retiringStripeId !== null) {
      const text = `endpoint ${id} is being rotated already: retire the old one (${endpoint.retiringStripeId}) first`;
      throw new DomainError('conflict', 'rotation_under_way', text, { field: 'id' });
    }
    const call = derivedFrom({ workspaceId }, 'rotate', id, endpoint.stripeId);
    const made = await this.makeAtStripe(call, endpoint, {});
    const sealedSecrets = [this.endpoints.seal(made.secret), ...endpoint.sealedSecrets];
    await this.db.transaction(async (tx) => {
      const change = { stripeId: made.id, retiringStripeId: endpoint.stripeId, sealedSecrets };
      await tx.getRepository(WebhookEndpoint).update({ id, workspaceId, stripeId: endpoint.stripeId }, change);
    });
    return this.shown(workspaceId, id);
  }

  /** Ends a rotation: the old endpoint is deleted at Stripe, and its secret no longer counts. */
  async retire(call: WriteCall, id: string): Promise<WebhookEndpointView> {
    const endpoint = await this.madeHere(call.workspaceId, id);
    if (endpoint.retiringStripeId === null) {
      const text = `endpoint ${id} is not being rotated: there is no old one to retire`;
      throw new DomainError('conflict', 'nothing_to_retire', text, { field: 'id' });
    }
    const { retiringStripeId } = endpoint;
    await this.deleteAtStripe(call, retiringStripeId);
    const change = { retiringStripeId: null, sealedSecrets: endpoint.sealedSecrets.slice(0, 1) };
    // Whoever came second must not take away the secret of a rotation that has begun meanwhile.
    const asRead = { id, workspaceId: call.workspaceId, retiringStripeId };
    await this.db.getRepository(WebhookEndpoint).update(asRead, change);
    return this.shown(call.workspaceId, id);
  }

  /** Here and, for one that was made from here, at Stripe. */
  async delete(call: WriteCall, id: string): Promise<{ id: string; deleted: true }> {
    const { workspaceId } = call;
    const endpoint = await this.db.getRepository(WebhookEndpoint).findOneBy({ id, workspaceId });
    if (endpoint === null) throw notFound('webhook_endpoint', id, 'id');
    for (const stripeId of [endpoint.retiringStripeId, endpoint.stripeId])
      if (stripeId !== null) await this.deleteAtStripe(call, stripeId);
    await this.db.getRepository(WebhookEndpoint).delete({ id, workspaceId });
    this.endpoints.forget(id);
    return { id, deleted: true };
  }

  /** Every endpoint with how it stands at Stripe, which is asked; the default one first. */
  async list(workspaceId: string): Promise<WebhookEndpointDetail[]> {
    const rows = await this.db
      .getRepository(WebhookEndpoint)
      .find({ where: { workspaceId }, order: { createdAt: 'ASC' } });
    const atStripe = await this.allAtStripe(workspaceId);
    const refusals = await this.refusals.lastOf(workspaceId);
    const secretCount = this.config.stripeWebhookSecrets.length;
    const standard: WebhookEndpointView = { id: '', kind: 'platform', path: '/webhooks/stripe', secretCount };
    return [standard, ...rows.map(viewOfEndpoint)].map((view) => {
      const found =
        atStripe.find(({ id, url }) => id === view.stripeId || new URL(url).pathname.endsWith(view.path)) ?? null;
      const drift = driftOf(found, view.eventTypes ?? null);
      return { ...view, atStripe: found, drift, lastRefusal: refusals.get(view.id) ?? null };
    });
  }

  async get(workspaceId: string, id: string): Promise<WebhookEndpointDetail> {
    const found = (await this.list(workspaceId)).find((endpoint) => endpoint.id === (id === 'default' ? '' : id));
    if (found === undefined) throw notFound('webhook_endpoint', id, 'id');
    return found;
  }

  /** The row is committed before Stripe is asked; its id follows from the caller's key, so that a repetition meets it. */
  private async createAtStripe(
    call: WriteCall,
    { kind, url, events = 'all', description }: CreateWebhookEndpointDto & { url: string },
  ): Promise<WebhookEndpointView> {
    this.endpoints.requireEncryption();
    const id = endpointIdOf(call);
    const rows = this.db.getRepository(WebhookEndpoint);
    const address = `${url.replace(/\/+$/, '')}/webhooks/stripe/${id}`;
    const row = {
      id,
      workspaceId: call.workspaceId,
      kind,
      sealedSecrets: [],
      url: address,
      eventTypes: eventTypesOf(events),
    };
    await rows.createQueryBuilder().insert().values(row).orIgnore().execute();
    const endpoint = await rows.findOneByOrFail({ id, workspaceId: call.workspaceId });
    if (endpoint.stripeId !== null) return viewOfEndpoint(endpoint);
    try {
      const made = await this.makeAtStripe(call, endpoint, { description });
      await rows.update({ id }, { stripeId: made.id, sealedSecrets: [this.endpoints.seal(made.secret)] });
    } catch (error) {
      // What Stripe refused leaves nothing behind; what is unknown may have been made, and is found by repeating it.
      const isRefused = error instanceof DomainError && !['unavailable', 'upstream_failed'].includes(error.kind);
      if (isRefused) await rows.delete({ id, workspaceId: call.workspaceId });
      throw error;
    }
    this.endpoints.forget(id);
    return this.shown(call.workspaceId, id);
  }

  /** The secret is in this one answer and must not reach the mirror, so that the answer itself is not kept. */
  private async makeAtStripe(
    call: WriteCall,
    { id, kind, url, eventTypes }: WebhookEndpoint,
    more: StripeData,
  ): Promise<{ id: string; secret: string }> {
    const params = {
      ...more,
      url,
      enabled_events: eventTypes,
      api_version: STRIPE_API_VERSION,
      connect: kind === 'connect',
      metadata: { tributary_endpoint: id },
    };
    const { body } = await this.writer.send(call, { method: 'POST', path: COLLECTION, params });
    if (typeof body.id !== 'string' || typeof body.secret !== 'string')
      throw new DomainError(
        'upstream_failed',
        'unexpected_answer',
        'Stripe made the endpoint and gave no secret for it',
      );
    return { id: body.id, secret: body.secret };
  }

  private async deleteAtStripe(call: WriteCall, stripeId: string): Promise<void> {
    try {
      await this.writer.send(call, { method: 'DELETE', path: `${COLLECTION}/${encodeURIComponent(stripeId)}` });
    } catch (error) {
      if (!(error instanceof DomainError) || error.kind !== 'not_found') throw error;
    }
  }

  private async allAtStripe(workspaceId: string): Promise<EndpointAtStripe[]> {
    const list = await this.fetcher
      .fetchList({ workspaceId, account: '', path: COLLECTION }, { priority: 'interactive' })
      .catch((error: unknown) => {
        throw toDomainError(error);
      });
    return list.objects.map((data) => ({
      id: String(data.id),
      url: String(data.url),
      status: String(data.status),
      apiVersion: typeof data.api_version === 'string' ? data.api_version : null,
      enabledEvents: Array.isArray(data.enabled_events) ? data.enabled_events.map(String) : [],
    }));
  }

  private async madeHere(workspaceId: string, id: string): Promise<WebhookEndpoint & { stripeId: string }> {
    const endpoint = await this.db.getRepository(WebhookEndpoint).findOneBy({ id, workspaceId });
    if (endpoint === null) throw notFound('webhook_endpoint', id, 'id');
    if (endpoint.stripeId !== null) return endpoint as WebhookEndpoint & { stripeId: string };
    const text = `endpoint ${id} was made at Stripe by hand: roll its secret there, and replace its secrets here by both`;
    throw new DomainError('unprocessable', 'endpoint_made_by_hand', text, { field: 'id' });
  }

  private async shown(workspaceId: string, id: string): Promise<WebhookEndpointView> {
    this.endpoints.forget(id);
    return viewOfEndpoint(await this.db.getRepository(WebhookEndpoint).findOneByOrFail({ id, workspaceId }));
  }
}

function endpointIdOf({ workspaceId, key }: WriteCall): string {
  const digest = createHash('sha256')
    .update(JSON.stringify(['endpoint', workspaceId, key]))
    .digest('hex');
  return `endpoint_${digest.slice(0, ID_CHARS)}`;
}
