import { asRow, kindOf, type StripeObject } from '../core/objects.js';
import type { Store } from '../core/store.js';
import type { Kinds } from '../core/wire.js';

/** An event that endpoints are to hear of, a v1 one with its object or a thin one of v2. */
export interface Announced {
  id: string;
  object: 'event' | 'v2.core.event';
  type: string;
  /** The connected account that it is of. */
  account?: string;
}

/** Where events are posted: a webhook endpoint of v1, or an event destination of v2 that is one. */
export interface Subscriber {
  id: string;
  url: string;
  enabled: boolean;
  types: readonly string[];
  connect: boolean;
  /** It takes thin events of v2; the others take v1's. */
  thin: boolean;
  secrets: readonly string[];
}

const DESTINATION = 'v2.core.event_destination';

/** The endpoints that an event goes to. */
export function subscribersOf(store: Store, event: Omit<Announced, 'id'>): Subscriber[] {
  const destinations = store.all('', kindOf(DESTINATION)) as unknown as StripeObject[];
  const all = [...store.all('', 'webhook_endpoint').map((row) => fromEndpoint(store, row))];
  for (const row of destinations) all.push(fromDestination(store, row));
  return all.filter(({ enabled, types, connect, thin }) => {
    if (!enabled || thin !== (event.object === 'v2.core.event')) return false;
    // Accounts of v2 belong to the platform; its own destinations hear of them.
    if (!thin && connect !== (event.account !== undefined)) return false;
    return types.some((wanted) => wanted === '*' || wanted === event.type);
  });
}

export function subscriberById(store: Store, id: string): Subscriber | null {
  const endpoint = store.get('', 'webhook_endpoint', id);
  if (endpoint) return fromEndpoint(store, endpoint);
  const destination = store.get('', kindOf(DESTINATION), id);
  return destination ? fromDestination(store, destination as unknown as StripeObject) : null;
}

function fromEndpoint(store: Store, row: Kinds['webhook_endpoint']): Subscriber {
  const settings = store.get('', 'sandbox.endpoint', row.id);
  return {
    id: row.id,
    url: row.url,
    enabled: row.status === 'enabled',
    types: row.enabled_events,
    connect: settings?.connect ?? false,
    thin: false,
    secrets: settings?.secrets ?? [],
  };
}

function fromDestination(store: Store, row: StripeObject): Subscriber {
  const url = (row.webhook_endpoint as { url?: unknown } | null | undefined)?.url;
  return {
    id: row.id,
    url: typeof url === 'string' ? url : '',
    enabled: row.status === 'enabled' && typeof url === 'string',
    types: row.enabled_events as string[],
    connect: (row.events_from as string[]).includes('other_accounts'),
    thin: row.event_payload === 'thin',
    secrets: store.get('', 'sandbox.endpoint', row.id)?.secrets ?? [],
  };
}

/** What an event destination is created from. */
export interface DestinationFields {
  name: string;
  url: string;
  enabledEvents: readonly string[];
  payload: 'snapshot' | 'thin';
  eventsFrom?: readonly string[];
  description?: string;
  metadata?: Record<string, string>;
  snapshotApiVersion?: string;
}

/** Stores a destination and the part of it that Stripe does not show again. */
export function storeDestination(
  store: Store,
  id: string,
  secret: string,
  nowSeconds: number,
  fields: DestinationFields,
): StripeObject {
  const instant = new Date(nowSeconds * 1_000).toISOString();
  const row: StripeObject = {
    id,
    object: DESTINATION,
    created: instant,
    description: fields.description ?? '',
    enabled_events: fields.enabledEvents,
    event_payload: fields.payload,
    events_from: fields.eventsFrom ?? ['self'],
    livemode: false,
    metadata: fields.metadata ?? {},
    name: fields.name,
    snapshot_api_version: fields.payload === 'thin' ? null : (fields.snapshotApiVersion ?? null),
    status: 'enabled',
    status_details: null,
    type: 'webhook_endpoint',
    updated: instant,
    webhook_endpoint: { url: fields.url },
  };
  store.put('', kindOf(DESTINATION), asRow(row));
  const settings = { id, object: 'sandbox.endpoint' as const, created: nowSeconds, connect: false, secrets: [secret] };
  store.put('', 'sandbox.endpoint', settings);
  return row;
}
