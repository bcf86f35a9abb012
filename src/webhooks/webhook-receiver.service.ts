import { Injectable } from '@nestjs/common';
import { isUtf8 } from 'node:buffer';
import { DomainError, invalidField } from '../common/errors.js';
import { verifySignature } from '../stripe/signatures.js';
import { Inbox, type ReceivedEvent } from './inbox.js';
import { WebhookEndpointsService, type EndpointPolicy } from './webhook-endpoints.service.js';
import { subjectOf } from './webhook-routes.js';

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
  ) {}

  async receive(endpointId: string | null, delivery: Delivery): Promise<{ received: true }> {
    const endpoint =
      endpointId === null ? await this.endpoints.defaultPolicy() : await this.endpoints.policyOf(endpointId);
    const rawBody = delivery.rawBody ?? Buffer.alloc(0);
    // Signatures are about real time, whatever the business clock says.
    verifySignature(rawBody, delivery.signature, endpoint.secrets, Date.now());
    await this.inbox.store(readEvent(rawBody, endpoint));
    return { received: true };
  }
}

function readEvent(rawBody: Buffer, endpoint: EndpointPolicy): ReceivedEvent {
  const body = rawBody.toString('utf8');
  const event = parse(body);
  const account = typeof event.account === 'string' ? event.account : '';
  const livemode = event.livemode === true;
  const misfit = misfitOf(endpoint, account, livemode);
  return {
    workspaceId: endpoint.workspaceId,
    id: requireText(event.id, 'id'),
    createdSeconds: createdSecondsOf(event.created),
    endpointId: endpoint.id,
    account,
    livemode,
    type: requireText(event.type, 'type'),
    apiVersion: typeof event.api_version === 'string' ? event.api_version : null,
    objectId: subjectOf((event.data as { object?: unknown } | undefined)?.object)?.id ?? null,
    // PostgreSQL refuses bytes that are no UTF-8; as text they have U+FFFD in their place. JSON has no NUL byte.
    body: isUtf8(rawBody) ? rawBody : body,
    state: misfit === null ? 'pending' : 'quarantined',
    error: misfit,
  };
}

/** Why an event must not be applied though its signature is right: the endpoint is for other events. */
function misfitOf(endpoint: EndpointPolicy, account: string, livemode: boolean): string | null {
  if (livemode !== endpoint.livemode) {
    const mode = (live: boolean): string => (live ? 'live' : 'test');
    return `a ${mode(livemode)} event came to an endpoint of a ${mode(endpoint.livemode)} workspace`;
  }
  if (endpoint.kind === 'platform' && account !== '') {
    return `an event of the connected account ${account} came to a platform endpoint; register a connect endpoint for them`;
  }
  if (endpoint.kind === 'connect' && account === '') return 'an event without an account came to a connect endpoint';
  return null;
}

function parse(body: string): Record<string, unknown> {
  try {
    const event: unknown = JSON.parse(body);
    if (typeof event === 'object' && event !== null && !Array.isArray(event)) return event as Record<string, unknown>;
  } catch (cause) {
    throw new DomainError('invalid_argument', 'invalid_event', 'the signed body is not JSON', { cause });
  }
  throw new DomainError('invalid_argument', 'invalid_event', 'the signed body is not an event');
}

function requireText(value: unknown, field: string): string {
  if (typeof value === 'string' && value !== '') return value;
  throw invalidField(field, 'invalid_event', `the event has no ${field}`);
}

/** Unix seconds; thin events write an ISO 8601 text instead. */
function createdSecondsOf(value: unknown): number {
  const seconds = typeof value === 'string' ? Math.floor(Date.parse(value) / 1000) : value;
  if (typeof seconds === 'number' && Number.isSafeInteger(seconds) && seconds >= 0 && seconds < MAX_UNIX_SECONDS)
    return seconds;
  throw invalidField('created', 'invalid_event', 'the event’s created must be a Unix time in seconds');
}

/** The end of the year 9999. */
const MAX_UNIX_SECONDS = 253_402_300_800;
