import { stripeId } from '../core/ids.js';
import type { Scope } from '../core/scope.js';
import { API_VERSION, type Kinds } from '../core/wire.js';
import { bool, clearable, list, mergeMetadata, metadata, oneOf, required, text } from '../http/params.js';
import { listing, retrieve, route, type Route } from '../http/router.js';

export interface EndpointFields {
  url: string;
  enabledEvents: string[];
  connect?: boolean;
  description?: string | null;
  metadata?: Record<string, string>;
  secret?: string;
}

/** Registers an endpoint. Its secret is in this answer and never shown again. */
export function addEndpoint(scope: Scope, fields: EndpointFields): Kinds['webhook_endpoint'] & { secret: string } {
  const id = stripeId('we');
  const secret = fields.secret ?? stripeId('whsec', 32);
  scope.insert('sandbox.endpoint', {
    id,
    object: 'sandbox.endpoint',
    created: scope.now,
    connect: fields.connect ?? false,
    secrets: [secret],
  });
  const endpoint = scope.insert('webhook_endpoint', {
    id,
    object: 'webhook_endpoint',
    api_version: API_VERSION,
    application: null,
    created: scope.now,
    description: fields.description ?? null,
    enabled_events: fields.enabledEvents,
    livemode: false,
    metadata: fields.metadata ?? {},
    status: 'enabled',
    url: fields.url,
  });
  return { ...endpoint, secret };
}

export const webhookEndpointRoutes: Route[] = [
  route(
    'POST',
    '/v1/webhook_endpoints',
    {
      api_version: oneOf(API_VERSION),
      connect: bool,
      description: clearable(text),
      enabled_events: required(list(text)),
      metadata,
      url: required(text),
    },
    (scope, params) =>
      addEndpoint(scope, {
        url: params.url,
        enabledEvents: params.enabled_events,
        connect: params.connect,
        description: params.description,
        metadata: mergeMetadata({}, params.metadata),
      }),
  ),
  retrieve('/v1/webhook_endpoints/:id', 'webhook_endpoint'),
  route(
    'POST',
    '/v1/webhook_endpoints/:id',
    { description: clearable(text), disabled: bool, enabled_events: list(text), metadata, url: text },
    (scope, { metadata: sent, disabled, ...params }, id) => {
      const endpoint = scope.get('webhook_endpoint', id);
      return scope.update('webhook_endpoint', endpoint, {
        ...params,
        metadata: mergeMetadata(endpoint.metadata, sent),
        ...(disabled !== undefined && { status: disabled ? 'disabled' : 'enabled' }),
      });
    },
  ),
  route('DELETE', '/v1/webhook_endpoints/:id', {}, (scope, _params, id) => {
    const gone = scope.remove('webhook_endpoint', scope.get('webhook_endpoint', id));
    scope.world.store.drop(scope.account, 'sandbox.endpoint', id);
    return gone;
  }),
  listing('/v1/webhook_endpoints', 'webhook_endpoint', {}, () => true),
];
