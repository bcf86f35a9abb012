import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance } from 'fastify';
import { DataSource } from 'typeorm';
import { DomainError } from '../common/errors.js';
import { verifySignature } from '../stripe/signatures.js';
import { WebhookEndpointsService, type EndpointPolicy } from './webhook-endpoints.service.js';
import { WebhookRefusal } from './webhook-refusal.entity.js';

/** Anyone may knock: one endpoint's refusals are written down no oftener than this. */
const WRITE_EVERY_MS = 1_000;
const TOO_LARGE = 413;
const ROUTE = '/webhooks/stripe';

export interface RefusalView {
  at: string;
  code: string;
  message: string;
}

/** Remembers why the last delivery to each endpoint was refused, which Stripe's dashboard does not tell. */
@Injectable()
export class WebhookRefusals implements OnModuleInit {
  private readonly log = new Logger('Webhooks');
  private readonly writtenAt = new Map<string, number>();

  constructor(
    private readonly db: DataSource,
    private readonly endpoints: WebhookEndpointsService,
    private readonly host: HttpAdapterHost,
  ) {}

  /** A body that is too large is refused before any handler sees it. */
  onModuleInit(): void {
    const server = this.host.httpAdapter?.getInstance<FastifyInstance | undefined>();
    server?.addHook('onError', async (request, _reply, error) => {
      if (error.statusCode !== TOO_LARGE || !request.url.startsWith(ROUTE)) return;
      const { endpointId } = request.params as { endpointId?: string };
      await this.noteTooLarge(endpointId ?? null);
    });
  }

  /** Writes down a refusal; that it could not be written changes nothing for the sender. */
  async note(endpoint: EndpointPolicy, { code, message }: Pick<RefusalView, 'code' | 'message'>): Promise<void> {
    const now = performance.now();
    if (now - (this.writtenAt.get(endpoint.id) ?? -Infinity) < WRITE_EVERY_MS) return;
    this.writtenAt.set(endpoint.id, now);
    const row = { workspaceId: endpoint.workspaceId, endpointId: endpoint.id, refusedAt: new Date(), code, message };
    try {
      await this.db.getRepository(WebhookRefusal).upsert(row, ['workspaceId', 'endpointId']);
    } catch (error) {
      this.log.warn({ message: 'a refused delivery could not be written down', error });
    }
  }

  async lastOf(workspaceId: string): Promise<Map<string, RefusalView>> {
    const rows = await this.db.getRepository(WebhookRefusal).findBy({ workspaceId });
    return new Map(
      rows.map(({ endpointId, refusedAt, code, message }) => [
        endpointId,
        { at: refusedAt.toISOString(), code, message },
      ]),
    );
  }

  private async noteTooLarge(endpointId: string | null): Promise<void> {
    try {
      const endpoint =
        endpointId === null ? await this.endpoints.defaultPolicy() : await this.endpoints.policyOf(endpointId);
      await this.note(endpoint, { code: 'body_too_large', message: 'the delivery was larger than the service takes' });
    } catch (error) {
      if (!(error instanceof DomainError)) this.log.warn({ message: 'a delivery was too large', error });
    }
  }
}

/** What the endpoint's owner may know and the sender may not: whether it was unsigned, too old, or signed with another secret. */
export function whyRefused(
  error: DomainError,
  { rawBody, signature }: { rawBody: Buffer; signature: string | undefined },
  secrets: readonly string[],
): Pick<RefusalView, 'code' | 'message'> {
  if (error.code !== 'invalid_signature') return { code: error.code, message: error.message };
  if (signature === undefined) return { code: 'unsigned', message: 'there was no Stripe-Signature header' };
  const seconds = Number(/(?:^|,)\s*t=(\d{1,12})/.exec(signature)?.[1]);
  if (Number.isNaN(seconds)) return { code: 'unsigned', message: 'the Stripe-Signature header had no time in it' };
  try {
    verifySignature(rawBody, signature, secrets, seconds * 1_000);
  } catch {
    const message =
      'it was signed with a secret that this endpoint does not have, or its bytes were changed on the way';
    return { code: 'wrong_signature', message };
  }
  const message = `its signature fits but was made at ${new Date(seconds * 1_000).toISOString()}: compare the clocks`;
  return { code: 'stale', message };
}
