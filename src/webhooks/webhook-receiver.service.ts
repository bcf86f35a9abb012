import { Injectable } from '@nestjs/common';
import { isUtf8 } from 'node:buffer';
import type { StripeData } from '../billing/objects/stripe-model.entity.js';
import { DomainError } from '../common/errors.js';
import { verifySignature } from '../stripe/signatures.js';
import { Inbox, type ReceivedEvent } from './inbox.js';
import { factsOf, parseEvent, type EventFacts } from './received-event.js';
import { isThin, namedObjects } from './thin-events.js';
import { WebhookEndpointsService, type EndpointPolicy } from './webhook-endpoints.service.js';
import { whyRefused, WebhookRefusals } from './webhook-refusals.service.js';

interface Delivery {
  rawBody: Buffer | undefined;
  signature: string | undefined;
}

/** Verify the raw bytes, then parse, then store, then answer; nothing else happens while Stripe waits. */
@Injectable()
export class WebhookReceiver {
  constructor(
    private readonly endpoints: WebhookEndpointsService,
    private readonly inbox: Inbox,
    private readonly refusals: WebhookRefusals,
  ) {}

  async receive(endpointId: string | null, delivery: Delivery): Promise<{ received: true }> {
    const endpoint =
      endpointId === null ? await this.endpoints.defaultPolicy() : await this.endpoints.policyOf(endpointId);
    const rawBody = delivery.rawBody ?? Buffer.alloc(0);
    await this.inbox.store(await this.accept(rawBody, delivery.signature, endpoint));
    return { received: true };
  }

  private async accept(
    rawBody: Buffer,
    signature: string | undefined,
    endpoint: EndpointPolicy,
  ): Promise<ReceivedEvent> {
    try {
      // Signatures are about real time, whatever the business clock says.
      verifySignature(rawBody, signature, endpoint.secrets, Date.now());
      return readEvent(rawBody, endpoint);
    } catch (error) {
      if (error instanceof DomainError)
        await this.refusals.note(endpoint, whyRefused(error, { rawBody, signature }, endpoint.secrets));
      throw error;
    }
  }
}

function readEvent(rawBody: Buffer, endpoint: EndpointPolicy): ReceivedEvent {
  const body = rawBody.toString('utf8');
  const event = parseEvent(body);
  const facts = factsOf(event);
  const misfit = misfitOf(endpoint, facts, event);
  return {
    ...facts,
    workspaceId: endpoint.workspaceId,
    endpointId: endpoint.id,
    // PostgreSQL refuses bytes that are no UTF-8; as text they have U+FFFD in their place. JSON has no NUL byte.
    body: isUtf8(rawBody) ? rawBody : body,
    state: misfit === null ? 'pending' : 'quarantined',
    error: misfit,
  };
}

/** Why an event must not be applied though its signature is right: the endpoint is for other events. */
function misfitOf(endpoint: EndpointPolicy, { account, livemode }: EventFacts, event: StripeData): string | null {
  if (livemode !== endpoint.livemode) {
    const mode = (live: boolean): string => (live ? 'live' : 'test');
    return `a ${mode(livemode)} event came to an endpoint of a ${mode(endpoint.livemode)} workspace`;
  }
  // Thin events of accounts come to the platform's own destination and name the account as their context.
  if (isThin(event) && namedObjects(event).every(({ type }) => type.platformOnly)) return null;
  if (endpoint.kind === 'platform' && account !== '') {
    return `an event of the connected account ${account} came to a platform endpoint; register a connect endpoint for them`;
  }
  if (endpoint.kind === 'connect' && account === '') return 'an event without an account came to a connect endpoint';
  return null;
}
