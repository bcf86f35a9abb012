import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { StripeSandbox } from '../../sandbox/stripe-sandbox.js';
import { STRIPE_API_VERSION } from '../../src/stripe/api-version.js';
import { eventTypesOf, MONEY_EVENTS } from '../../src/webhooks/webhook-event-types.js';
import { routeOf, WEBHOOK_ROUTES } from '../../src/webhooks/webhook-routes.js';
import { randomId, signatureOf, stripeEvent } from '../support/stripe-events.js';
import { customer } from '../support/stripe-objects.js';
import { startTestService, type TestService } from '../support/test-service.js';

interface Endpoint {
  id: string;
  path: string;
  stripeId: string;
  retiringStripeId: string | null;
  secretCount: number;
  atStripe: { id: string; enabledEvents: string[]; apiVersion: string; status: string } | null;
  drift: { missing: boolean; disabled: boolean; version: string; missingEvents: string[] };
  lastRefusal: { at: string; code: string; message: string } | null;
}

let service: TestService;
let url: string;
beforeAll(async () => {
  service = await startTestService({ env: { TRIBUTARY_ENCRYPTION_KEY: 'k'.repeat(40) } });
  url = service.httpUrl.replace('localhost', '127.0.0.1');
});
afterAll(() => service.stop());

const endpoints = <T = Endpoint>(method: string, path = '', body?: object, headers?: Record<string, string>) =>
  service.http<T>(method, `/v1/webhook-endpoints${path}`, body, headers);

async function atStripe(method: string, path: string, form?: string): Promise<Record<string, unknown>> {
  const answer = await fetch(`${String(service.sandbox?.url)}${path}`, {
    method,
    body: form,
    headers: { authorization: 'Bearer sk_test_hooks', 'content-type': 'application/x-www-form-urlencoded' },
  });
  return (await answer.json()) as Record<string, unknown>;
}

async function knock(path: string, body: string, signature?: string): Promise<number> {
  const headers = {
    'content-type': 'application/json',
    ...(signature === undefined ? {} : { 'stripe-signature': signature }),
  };
  return (await fetch(`${url}${path}`, { method: 'POST', body, headers })).status;
}

const make = async (more: object = {}): Promise<Endpoint> =>
  (await endpoints('POST', '', { kind: 'platform', url, ...more })).body;

describe('an endpoint that is made from here', () => {
  it('is made at Stripe with the pinned version and every event, and delivers at once', async () => {
    const made = await endpoints('POST', '', { kind: 'platform', url, description: 'Tributary' });

    expect(made).toMatchObject({
      status: 201,
      body: { kind: 'platform', secretCount: 1, eventTypes: ['*'], url: `${url}${made.body.path}` },
    });
    expect(JSON.stringify(made.body)).not.toContain('whsec_');
    expect(await atStripe('GET', `/v1/webhook_endpoints/${made.body.stripeId}`)).toMatchObject({
      url: `${url}${made.body.path}`,
      api_version: STRIPE_API_VERSION,
      enabled_events: ['*'],
      metadata: { tributary_endpoint: made.body.id },
    });
    await service.http('POST', '/v1/billing/customers', { params: { name: 'Delivered' } });
    await (service.sandbox as unknown as { idle(): Promise<void> }).idle();
    const stored = await service.db.query('SELECT 1 FROM tributary.webhook_event WHERE type = $1', [
      'customer.created',
    ]);
    expect(stored.length).toBeGreaterThan(0);
    expect(await lastRefusal(made.body.id)).toBeNull();
    const [row] = await service.db.query<Array<{ sealed_secrets: string[] }>>(
      'SELECT sealed_secrets FROM tributary.webhook_endpoint WHERE id = $1',
      [made.body.id],
    );
    expect(row?.sealed_secrets).toHaveLength(1);
    expect(row?.sealed_secrets[0]).not.toContain('whsec_');
    expect(await service.db.query(`SELECT 1 FROM stripe.webhook_endpoints WHERE data ? 'secret'`)).toEqual([]);
  });

  it('is made once for one key, also when our own memory of it is lost', async () => {
    const headers = { 'idempotency-key': randomId('key') };
    const first = await endpoints('POST', '', { kind: 'platform', url }, headers);
    await service.db.query('DELETE FROM tributary.idempotency_key');
    await service.db.query(
      `UPDATE tributary.webhook_endpoint SET stripe_id = NULL, sealed_secrets = '{}' WHERE id = $1`,
      [first.body.id],
    );

    const second = await endpoints('POST', '', { kind: 'platform', url }, headers);

    expect(second.body).toMatchObject({ id: first.body.id, stripeId: first.body.stripeId, secretCount: 1 });
  });

  it('is rotated with both secrets valid until the old one is retired, and deleted at Stripe too', async () => {
    const made = await make();

    const rotated = await endpoints('POST', `/${made.id}/rotate`);
    expect(rotated.body).toMatchObject({ secretCount: 2, retiringStripeId: made.stripeId });
    expect(rotated.body.stripeId).not.toBe(made.stripeId);
    expect(await endpoints('POST', `/${made.id}/rotate`)).toMatchObject({
      status: 409,
      body: { error: { code: 'rotation_under_way' } },
    });
    const retired = await endpoints('POST', `/${made.id}/retire`);
    expect(retired.body).toMatchObject({ secretCount: 1, retiringStripeId: null, stripeId: rotated.body.stripeId });
    expect(await atStripe('GET', `/v1/webhook_endpoints/${made.stripeId}`)).toMatchObject({
      error: { code: 'resource_missing' },
    });
    expect(await endpoints('POST', `/${made.id}/retire`)).toMatchObject({ status: 409 });

    expect((await endpoints('DELETE', `/${made.id}`)).body).toEqual({ id: made.id, deleted: true });
    expect(await atStripe('GET', `/v1/webhook_endpoints/${rotated.body.stripeId}`)).toMatchObject({
      error: { code: 'resource_missing' },
    });
    expect((await endpoints('GET', `/${made.id}`)).status).toBe(404);
    expect(await knock(made.path, '{}')).toBe(404);
  });

  it('keeps the secret of a rotation that began while the one before it was being ended twice', async () => {
    const made = await make();
    await endpoints('POST', `/${made.id}/rotate`);
    const sandbox = service.sandbox as unknown as StripeSandbox;
    sandbox.faults.add({
      kind: 'latency',
      method: 'DELETE',
      path: `/v1/webhook_endpoints/${made.stripeId}`,
      latencyMs: 1_000,
    });

    sandbox.requests.clear();
    const late = endpoints('POST', `/${made.id}/retire`);
    while (sandbox.requests.list({ method: 'DELETE' }).length === 0) await new Promise((next) => setTimeout(next, 5));
    await endpoints('POST', `/${made.id}/retire`);
    const rotated = await endpoints('POST', `/${made.id}/rotate`);
    await late;

    const { retiringStripeId } = rotated.body;
    expect((await endpoints('GET', `/${made.id}`)).body).toMatchObject({ secretCount: 2, retiringStripeId });
  });

  it('is refused without an address that Stripe can reach, and leaves nothing behind', async () => {
    const before = await service.db.query('SELECT id FROM tributary.webhook_endpoint');

    expect(await endpoints('POST', '', { kind: 'platform', url: 'http://example.com' })).toMatchObject({
      status: 400,
      body: { error: { field: 'url' } },
    });
    expect(await endpoints('POST', '', { kind: 'platform' })).toMatchObject({ status: 400 });
    expect(await endpoints('POST', '', { kind: 'platform', url, secrets: ['whsec_12345678'] })).toMatchObject({
      status: 400,
    });
    expect(await service.db.query('SELECT id FROM tributary.webhook_endpoint')).toEqual(before);
  });

  it('by hand, is not rotated from here', async () => {
    const byHand = await endpoints('POST', '', { kind: 'connect', secrets: ['whsec_12345678'] });

    expect(await endpoints('POST', `/${byHand.body.id}/rotate`)).toMatchObject({
      status: 422,
      body: { error: { code: 'endpoint_made_by_hand' } },
    });
    expect((await endpoints('GET', `/${byHand.body.id}`)).body).toMatchObject({ drift: { missing: true } });
  });
});

describe('drift', () => {
  it('tells missing events, another version, a disabled endpoint, and one that Stripe has no more', async () => {
    const made = await make();
    expect((await endpoints('GET', `/${made.id}`)).body.drift).toEqual({
      missing: false,
      disabled: false,
      version: 'none',
      missingEvents: [],
    });

    await atStripe('POST', `/v1/webhook_endpoints/${made.stripeId}`, 'enabled_events[0]=invoice.paid&disabled=true');
    const drifted = (await endpoints('GET', `/${made.id}`)).body;
    expect(drifted.drift).toMatchObject({ disabled: true, missing: false });
    expect(drifted.drift.missingEvents).toContain('charge.refunded');
    expect(drifted.drift.missingEvents).not.toContain('invoice.paid');

    await atStripe('DELETE', `/v1/webhook_endpoints/${made.stripeId}`);
    expect((await endpoints('GET', `/${made.id}`)).body).toMatchObject({ atStripe: null, drift: { missing: true } });
    expect((await endpoints<{ data: Endpoint[] }>('GET')).body.data[0]).toMatchObject({
      id: '',
      path: '/webhooks/stripe',
    });
  });
});

async function lastRefusal(id: string): Promise<Endpoint['lastRefusal']> {
  return (await endpoints('GET', `/${id}`)).body.lastRefusal;
}

describe('the last refusal', () => {
  const SECRET = 'whsec_0123456789abcdef';
  let id: string;
  let path: string;
  beforeEach(async () => {
    ({ id, path } = (await endpoints('POST', '', { kind: 'platform', secrets: [SECRET] })).body);
  });
  const event = (): string => JSON.stringify(stripeEvent('customer.created', customer()));

  it('tells a wrong secret from a stale signature and from none', async () => {
    expect(await lastRefusal(id)).toBeNull();
    expect(await knock(path, event(), signatureOf(event(), ['whsec_another']))).toBe(400);
    expect(await lastRefusal(id)).toMatchObject({ code: 'wrong_signature', at: expect.stringMatching(/Z$/) });
  });

  it('names a stale one, whose signature fits', async () => {
    const body = event();
    expect(await knock(path, body, signatureOf(body, [SECRET], Math.floor(Date.now() / 1_000) - 3_600))).toBe(400);
    expect(await lastRefusal(id)).toMatchObject({ code: 'stale' });
  });

  it('names one without a signature', async () => {
    expect(await knock(path, event())).toBe(400);
    expect(await lastRefusal(id)).toMatchObject({ code: 'unsigned' });
  });

  it('names one that is too large, and keeps nothing of any', async () => {
    const body = JSON.stringify({ secret_of_somebody: 'x'.repeat(2 * 1_024 * 1_024) });
    expect(await knock(path, body, signatureOf(body, [SECRET]))).toBe(413);
    expect(await lastRefusal(id)).toMatchObject({ code: 'body_too_large' });
    const rows = await service.db.query<Array<{ text: string }>>(
      'SELECT t::text AS text FROM tributary.webhook_refusal t',
    );
    expect(rows.filter(({ text }) => text.includes('secret_of_somebody'))).toEqual([]);
  });

  it('names a signed body that is no event, and is silent about those that were taken', async () => {
    const good = event();
    expect(await knock(path, good, signatureOf(good, [SECRET]))).toBe(200);
    expect(await lastRefusal(id)).toBeNull();
    expect(await knock(path, '[]', signatureOf('[]', [SECRET]))).toBe(400);
    expect(await lastRefusal(id)).toMatchObject({ code: 'invalid_event' });
  });
});

describe('the events that money follows from', () => {
  it('are those of the routes, each family among them', () => {
    expect(MONEY_EVENTS.filter((type) => routeOf(type) === null)).toEqual([]);
    const covered = new Set(MONEY_EVENTS.map((type) => routeOf(type)?.events));
    expect(WEBHOOK_ROUTES.map(({ events }) => events).filter((family) => !covered.has(family))).toEqual([]);
    expect(eventTypesOf('money')).toContain('charge.dispute.created');
    expect(eventTypesOf('all')).toEqual(['*']);
  });
});
