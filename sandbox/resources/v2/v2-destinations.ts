import { invalidRequest, missingParam, noSuch } from '../../core/errors.js';
import { stripeId } from '../../core/ids.js';
import { asRow, kindOf, maybeObject, type StripeObject } from '../../core/objects.js';
import { PLATFORM, type Scope } from '../../core/scope.js';
import type { Param } from '../../http/params.js';
import { bareRoute, type Route } from '../../http/router.js';
import { emitThin } from '../../webhooks/thin-event.js';
import { storeDestination } from '../../webhooks/subscribers.js';

const DESTINATION = 'v2.core.event_destination';
const FIELDS =
  'description enabled_events event_payload events_from include metadata name snapshot_api_version type webhook_endpoint';
const json: Param<unknown> = { read: (value) => value };

/** Creating, switching and trying event destinations; the rest of them is generic. */
export function destinationRoutes(): Route[] {
  return [
    bareRoute(
      'POST',
      '/v2/core/event_destinations',
      Object.fromEntries(FIELDS.split(' ').map((name) => [name, json])),
      create,
    ),
    bareRoute('POST', '/v2/core/event_destinations/:id/disable', {}, (scope, _sent, id) =>
      change(scope, id, 'disabled'),
    ),
    bareRoute('POST', '/v2/core/event_destinations/:id/enable', {}, (scope, _sent, id) => change(scope, id, 'enabled')),
    bareRoute('POST', '/v2/core/event_destinations/:id/ping', {}, (scope, _sent, id) =>
      emitThin(scope, 'v2.core.event_destination.ping', existing(scope, id)),
    ),
  ];
}

function create(scope: Scope, sent: Record<string, unknown>): object {
  for (const name of ['enabled_events', 'event_payload', 'name', 'type']) {
    if (sent[name] === undefined) throw missingParam(name);
  }
  const { url } = (sent.webhook_endpoint ?? {}) as { url?: unknown };
  if (sent.type !== 'webhook_endpoint') {
    throw invalidRequest('The sandbox delivers to webhook endpoints only.', { param: 'type' });
  }
  if (typeof url !== 'string') throw missingParam('webhook_endpoint.url');
  const secret = stripeId('whsec', 32);
  const row = storeDestination(scope.world.store, stripeId('ed_test'), secret, scope.now, {
    name: String(sent.name),
    url,
    enabledEvents: sent.enabled_events as string[],
    payload: sent.event_payload === 'thin' ? 'thin' : 'snapshot',
    eventsFrom: sent.events_from as string[] | undefined,
    description: sent.description as string | undefined,
    metadata: sent.metadata as Record<string, string> | undefined,
    snapshotApiVersion: sent.snapshot_api_version as string | undefined,
  });
  const wantsSecret = ((sent.include ?? []) as string[]).includes('webhook_endpoint.signing_secret');
  return wantsSecret ? { ...row, webhook_endpoint: { url, signing_secret: secret } } : row;
}

/** For tests: a destination of thin events with a secret of one's own. */
export function addThinDestination(
  scope: Scope,
  url: string,
  enabledEvents: readonly string[],
  secret = stripeId('whsec', 32),
): { id: string; secret: string; url: string } {
  const fields = { name: 'Sandbox', url, enabledEvents, payload: 'thin' as const };
  const { id } = storeDestination(scope.world.store, stripeId('ed_test'), secret, scope.now, fields);
  return { id, secret, url };
}

/** The id of the destination that takes thin events at this URL. */
export function thinDestinationAt(scope: Scope, url: string): string | null {
  const all = scope.in(PLATFORM).all(kindOf(DESTINATION)) as unknown as StripeObject[];
  const found = all.find(
    (row) => row.event_payload === 'thin' && (row.webhook_endpoint as { url?: string }).url === url,
  );
  return found?.id ?? null;
}

function existing(scope: Scope, id: string) {
  const found = maybeObject(scope.in(PLATFORM), DESTINATION, id);
  if (!found) throw noSuch(DESTINATION, id);
  return found;
}

function change(scope: Scope, id: string, status: 'enabled' | 'disabled'): object {
  const changed = { ...existing(scope, id), status, updated: new Date(scope.now * 1_000).toISOString() };
  scope.world.store.put(PLATFORM, kindOf(DESTINATION), asRow(changed));
  return changed;
}
