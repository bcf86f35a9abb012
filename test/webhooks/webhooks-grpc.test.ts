import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { sameOnBothFaces } from '../support/both-faces.js';
import { deliverAll, drain, randomId, stripeEvent } from '../support/stripe-events.js';
import { customer } from '../support/stripe-objects.js';
import { startTestService, type TestService } from '../support/test-service.js';

interface Endpoint {
  id: string;
  path: string;
  secretCount: number;
  stripeId: string;
  retiringStripeId: string | null;
}

interface Event {
  id: string;
  state: string;
}

let service: TestService;
let url: string;
beforeAll(async () => {
  service = await startTestService({ sandbox: true, env: { TRIBUTARY_ENCRYPTION_KEY: 'k'.repeat(40) } });
  url = service.httpUrl.replace('localhost', '127.0.0.1');
});
afterAll(() => service?.stop());

const endpoints = (method: string, request: object, key = randomId('key')) =>
  service.grpc.call<Endpoint>('WebhookEndpoints', method, request, { headers: { 'idempotency-key': key } });
const events = <T = Event>(method: string, request: object, headers?: Record<string, string>) =>
  service.grpc.call<T>('WebhookEvents', method, request, { headers });

async function made(request: object): Promise<Endpoint> {
  const { message, body } = await endpoints('CreateWebhookEndpoint', { kind: 'platform', ...request });
  if (!message) throw new Error(JSON.stringify(body));
  return message;
}

describe('endpoints over gRPC', () => {
  it('are made at Stripe once for one key', async () => {
    const key = randomId('key');
    const first = await endpoints('CreateWebhookEndpoint', { kind: 'platform', url }, key);
    const again = await endpoints('CreateWebhookEndpoint', { kind: 'platform', url }, key);

    expect(first.message).toMatchObject({ kind: 'platform', secretCount: 1, eventTypes: ['*'] });
    expect(JSON.stringify(first.message)).not.toContain('whsec_');
    expect(again).toMatchObject({ message: first.message, headers: { 'idempotent-replayed': 'true' } });
  });

  it('are shown as over HTTP, with their drift and last refusal', async () => {
    const { id, path } = await made({ secrets: ['whsec_12345678'] });
    await made({ url, events: 'money' });
    await fetch(url + path, { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } });

    const shown = await sameOnBothFaces<{ drift: object; lastRefusal: object }>(
      service,
      `/v1/webhook-endpoints/${id}`,
      ['WebhookEndpoints', 'GetWebhookEndpoint'],
      { id },
    );
    expect(shown).toMatchObject({ drift: { missing: true }, lastRefusal: { code: 'unsigned' } });
    await sameOnBothFaces(service, '/v1/webhook-endpoints/default', ['WebhookEndpoints', 'GetWebhookEndpoint'], {
      id: 'default',
    });
    await sameOnBothFaces(service, '/v1/webhook-endpoints', ['WebhookEndpoints', 'ListWebhookEndpoints']);
  });

  it('are rotated, retired and deleted', async () => {
    const { id, stripeId } = await made({ url });

    const rotated = await endpoints('RotateWebhookEndpoint', { id });
    expect(rotated.message).toMatchObject({ secretCount: 2, retiringStripeId: stripeId });
    expect(await endpoints('RotateWebhookEndpoint', { id })).toMatchObject({
      code: status.FAILED_PRECONDITION,
      body: { error: { code: 'rotation_under_way', field: 'id' } },
    });
    expect((await endpoints('RetireWebhookEndpoint', { id })).message).toMatchObject({
      secretCount: 1,
      stripeId: rotated.message?.stripeId,
    });
    expect((await endpoints('DeleteWebhookEndpoint', { id })).message).toEqual({ id, deleted: true });
    expect(await endpoints('GetWebhookEndpoint', { id })).toMatchObject({ code: status.NOT_FOUND });
  });

  it('that were made by hand take new secrets, and name what to do instead of a rotation in words of both faces', async () => {
    const { id } = await made({ secrets: ['whsec_12345678'] });

    const replaced = await endpoints('ReplaceWebhookSecrets', { id, secrets: ['whsec_12345678', 'whsec_abcdefgh'] });
    expect(replaced.message).toMatchObject({ id, secretCount: 2 });
    expect(await endpoints('ReplaceWebhookSecrets', { id })).toMatchObject({
      code: status.INVALID_ARGUMENT,
      body: { error: { code: 'missing_field', field: 'secrets' } },
    });
    const refused = await endpoints('RotateWebhookEndpoint', { id });
    expect(refused.body.error).toMatchObject({ code: 'endpoint_made_by_hand' });
    expect(refused.details).not.toMatch(/PUT|…/);
  });
});

describe('events over gRPC', () => {
  it('are listed and shown as over HTTP, page by page', async () => {
    const about = customer();
    await deliverAll(service, [stripeEvent('customer.created', about), stripeEvent('customer.updated', about)]);

    const query = { object: about.id, limit: 1 };
    const page = await sameOnBothFaces<{ data: Event[]; nextCursor: string }>(
      service,
      `/v1/webhook-events?limit=1&object=${about.id}`,
      ['WebhookEvents', 'ListWebhookEvents'],
      query,
    );
    const rest = await events<{ data: Event[] }>('ListWebhookEvents', { ...query, cursor: page.nextCursor });
    expect(rest.message?.data.map(({ id }) => id)).not.toEqual(page.data.map(({ id }) => id));
    const id = String(page.data[0]?.id);
    const shown = await sameOnBothFaces<{ payload: { id: string } }>(
      service,
      `/v1/webhook-events/${id}`,
      ['WebhookEvents', 'GetWebhookEvent'],
      { id },
    );
    expect(shown.payload.id).toBe(id);
  });

  it('are put back once for one key, and applied again', async () => {
    const event = stripeEvent('customer.created', customer());
    await deliverAll(service, [event]);
    await drain(service);
    const headers = { 'idempotency-key': randomId('key') };

    const first = await events('ReplayWebhookEvent', { id: event.id }, headers);
    const again = await events('ReplayWebhookEvent', { id: event.id }, headers);

    expect(first.message).toMatchObject({ id: event.id, state: 'pending' });
    expect(again.headers['idempotent-replayed']).toBe('true');
    await drain(service);
    expect((await events('GetWebhookEvent', { id: event.id })).message).toMatchObject({ state: 'applied' });
  });

  it('ask for their scopes', async () => {
    const reader = { authorization: `Bearer ${await service.newKey(['events:read'])}` };

    expect((await events('ListWebhookEvents', {}, reader)).code).toBe(status.OK);
    expect((await events('ReplayWebhookEvent', { id: 'evt_1' }, reader)).code).toBe(status.PERMISSION_DENIED);
  });
});
