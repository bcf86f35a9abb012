import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type Stripe from 'stripe';
import type { StripeSandbox } from '../../sandbox/stripe-sandbox.js';
import { Receiver, startSandbox } from './support.js';

let sandbox: StripeSandbox;
let stripe: Stripe;
let receiver: Receiver;
beforeEach(async () => {
  ({ sandbox, stripe } = await startSandbox());
  receiver = await Receiver.start();
});
afterEach(async () => {
  await sandbox.stop();
  await receiver.stop();
});

const createAccount = (display_name: string): Promise<Stripe.V2.Core.Account> =>
  stripe.v2.core.accounts.create({
    contact_email: 'jo@example.com',
    display_name,
    configuration: { recipient: { capabilities: { stripe_balance: { stripe_transfers: { requested: true } } } } },
    include: ['configuration.recipient'],
  });

describe('v2', () => {
  it('lists with links instead of cursors, in both directions', async () => {
    for (const name of ['first', 'second', 'third']) await createAccount(name);

    const seen: (string | undefined)[] = [];
    for await (const account of stripe.v2.core.accounts.list({ limit: 2 })) seen.push(account.display_name);
    const page = await rawList('/v2/core/accounts?limit=2');
    const next = await rawList(page.next_page_url ?? '');
    const back = await rawList(next.previous_page_url ?? '');

    expect(seen).toEqual(['third', 'second', 'first']);
    expect(page).toMatchObject({ previous_page_url: null });
    expect(page.object).toBeUndefined();
    expect(next.data).toHaveLength(1);
    expect(next.next_page_url).toBeNull();
    expect(back.data).toEqual(page.data);
  });

  it('shows the parts of an account that are asked for, and takes an account to be one of v1 too', async () => {
    const created = await createAccount('Jo');

    const bare = await stripe.v2.core.accounts.retrieve(created.id);
    const twin = await stripe.accounts.retrieve(created.id);

    expect(created.configuration?.recipient?.capabilities?.stripe_balance?.stripe_transfers?.status).toBe('active');
    expect(bare.configuration).toBeNull();
    expect(bare).toMatchObject({ applied_configurations: ['recipient'], created: '2026-01-01T00:00:00.000Z' });
    expect(twin.capabilities).toEqual({ transfers: 'active' });
    await expect(stripe.v2.core.accounts.retrieve('acct_no')).rejects.toMatchObject({
      statusCode: 404,
      code: 'not_found',
    });
  });

  it('makes links to the onboarding of an account, and keeps none', async () => {
    const { id } = await createAccount('Jo');
    const link = (account: string) =>
      stripe.v2.core.accountLinks.create({
        account,
        use_case: {
          type: 'account_onboarding',
          account_onboarding: { refresh_url: 'https://shop.example/again' },
        },
      });

    expect(await link(id)).toMatchObject({
      object: 'v2.core.account_link',
      account: id,
      expires_at: '2026-01-01T00:05:00.000Z',
      url: expect.stringContaining(id),
      use_case: { type: 'account_onboarding' },
    });
    await expect(link('acct_no')).rejects.toThrow(/No such .*acct_no/);
  });

  it('delivers thin events, signed, and answers them when they are fetched', async () => {
    const { secret } = sandbox.addWebhookEndpoint({ url: receiver.url, thin: true });
    const account = await createAccount('Jo');

    await stripe.v2.core.accounts.update(account.id, { display_name: 'Joanna', identity: { country: 'us' } });
    await stripe.v2.core.accounts.close(account.id, {});
    await sandbox.idle();

    const bodies = receiver.bodies.map(({ body, signature }) => stripe.parseEventNotification(body, signature, secret));
    // Deliveries are parallel: their order is nobody's promise.
    expect(bodies.map(({ type }) => type).toSorted()).toEqual([
      'v2.core.account.closed',
      'v2.core.account.created',
      'v2.core.account.updated',
      'v2.core.account[identity].updated',
    ]);
    const first = bodies.find(({ type }) => type === 'v2.core.account.created');
    const raw = JSON.parse(receiver.bodies[0]?.body ?? '') as Record<string, unknown>;
    expect(raw).toMatchObject({
      object: 'v2.core.event',
      created: '2026-01-01T00:00:00.000Z',
      related_object: { id: account.id, type: 'v2.core.account', url: `/v2/core/accounts/${account.id}` },
    });
    expect(raw).not.toHaveProperty('data');
    expect((await stripe.v2.core.events.retrieve(first?.id ?? '')).type).toBe('v2.core.account.created');
    const listed = await stripe.v2.core.events.list({ object_id: account.id });
    expect(listed.data).toHaveLength(4);
    expect((await stripe.v2.core.events.list({ types: ['v2.core.account.closed'] })).data).toHaveLength(1);
    expect((await stripe.v2.core.accounts.list()).data).toEqual([]);
    expect((await stripe.v2.core.accounts.list({ closed: true })).data).toMatchObject([{ id: account.id }]);
  });

  it('keeps thin events from endpoints of v1, and v1 events from thin destinations', async () => {
    const created = await stripe.v2.core.eventDestinations.create({
      name: 'thin',
      type: 'webhook_endpoint',
      event_payload: 'thin',
      enabled_events: ['v2.core.account.created'],
      webhook_endpoint: { url: receiver.url },
      include: ['webhook_endpoint.signing_secret'],
    });
    const snapshots = await Receiver.start();
    snapshots.secret = sandbox.addWebhookEndpoint({ url: snapshots.url }).secret;

    await createAccount('Jo');
    await stripe.customers.create({ name: 'Jo' });
    await sandbox.idle();

    const signingSecret = created.webhook_endpoint?.signing_secret ?? '';
    expect(
      receiver.bodies.map(({ body, signature }) => stripe.parseEventNotification(body, signature, signingSecret).type),
    ).toEqual(['v2.core.account.created']);
    expect(snapshots.types).toEqual(['customer.created']);
    await stripe.v2.core.eventDestinations.disable(created.id);
    await createAccount('Late');
    await sandbox.idle();
    expect(receiver.bodies).toHaveLength(1);
    await snapshots.stop();
  });

  it('takes over the thin destination of a service that starts again', async () => {
    const first = sandbox.ensureWebhookEndpoint({ url: receiver.url, secret: 'whsec_old', thin: true });
    const second = sandbox.ensureWebhookEndpoint({ url: receiver.url, secret: 'whsec_new', thin: true });

    await createAccount('Jo');
    await sandbox.idle();

    expect(second.id).toBe(first.id);
    const [delivery] = receiver.bodies;
    const verified = stripe.parseEventNotification(delivery?.body ?? '', delivery?.signature ?? '', 'whsec_new');
    expect(verified.type).toBe('v2.core.account.created');
    expect(receiver.bodies).toHaveLength(1);
  });

  it('tells of objects that a test puts', async () => {
    const { secret } = sandbox.addWebhookEndpoint({ url: receiver.url, thin: true });
    const account = sandbox.putObject({ object: 'v2.core.account', display_name: 'Jo' }, { event: 'created' });

    sandbox.putObject({ ...account, object: 'v2.core.account', requirements: { entries: [1] } }, { event: 'updated' });
    await sandbox.idle();

    expect(
      receiver.bodies.map(({ body, signature }) => stripe.parseEventNotification(body, signature, secret).type),
    ).toEqual(
      expect.arrayContaining([
        'v2.core.account.created',
        'v2.core.account.updated',
        'v2.core.account[requirements].updated',
      ]),
    );
    expect(receiver.bodies).toHaveLength(3);
    expect(account.created).toBe('2026-01-01T00:00:00.000Z');
  });
});

interface RawPage {
  object?: string;
  data: { id: string }[];
  next_page_url: string | null;
  previous_page_url: string | null;
}

async function rawList(path: string): Promise<RawPage> {
  const response = await fetch(`${sandbox.url}${path}`, { headers: { authorization: 'Bearer sk_test_sandbox' } });
  return (await response.json()) as RawPage;
}
