import Stripe from 'stripe';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { status } from '@grpc/grpc-js';
import { Story } from '../support/story.js';
import { randomId } from '../support/stripe-events.js';

interface Shown {
  id: string;
}

const LINK = { refreshUrl: 'https://shop.example/again', returnUrl: 'https://shop.example/done' };

let story: Story;
beforeAll(async () => {
  story = await Story.begin();
});
afterAll(() => story.end());

const path = (id: string, noun: string): string => `/v1/billing/accounts/${id}/${noun}`;
const told = (id: string) => story.call<Record<string, unknown>>('GET', path(id, 'status'));

async function express(capabilities: Record<string, unknown> = { transfers: { requested: true } }): Promise<string> {
  const params = { country: 'US', type: 'express', email: 'ada@example.com', capabilities };
  return (await story.call<Shown>('POST', '/v1/billing/accounts', { params })).id;
}

/** Whether the text stands in any row of what this service stores. */
async function isStored(text: string): Promise<boolean> {
  const tables = await story.service.db.query<Array<{ name: string }>>(
    `SELECT format('%I.%I', table_schema, table_name) AS name FROM information_schema.tables
      WHERE table_schema IN ('tributary', 'stripe') AND table_type = 'BASE TABLE'`,
  );
  for (const { name } of tables) {
    const rows = await story.service.db.query<unknown[]>(
      `SELECT 1 FROM ${name} AS held WHERE position($1 IN held::text) > 0 LIMIT 1`,
      [text],
    );
    if (rows.length > 0) return true;
  }
  return false;
}

describe('an account', () => {
  it('is made at Stripe, and what it can do is told from the mirror at once', async () => {
    const id = await express();

    const answer = await told(id);

    expect(answer).toMatchObject({ id, api: 'v1', deleted: false, country: 'US' });
    expect(answer.abilities).toEqual([
      expect.objectContaining({ ability: 'charges' }),
      expect.objectContaining({ ability: 'transfers' }),
      expect.objectContaining({ ability: 'payouts' }),
    ]);
    const [, transfers] = answer.abilities as Array<{ state: string }>;
    expect(answer.canReceiveTransfers).toBe(transfers?.state === 'active');
  });

  it('of which only the second API is known is read in its shape', async () => {
    const id = randomId('acct');
    const stripe_transfers = { status: 'active', status_details: [] };
    story.sandbox.putObject({
      object: 'v2.core.account',
      id,
      display_name: 'Ada',
      applied_configurations: ['recipient'],
      identity: { country: 'de' },
      defaults: { currency: 'eur' },
      configuration: { recipient: { capabilities: { stripe_balance: { stripe_transfers } } } },
      requirements: {
        entries: [
          {
            description: 'identity.individual.id_number',
            awaiting_action_from: 'user',
            minimum_deadline: { status: 'currently_due' },
          },
        ],
      },
    });
    await story.call('GET', `/v1/billing/v2_core_accounts/${id}?fresh=true`);

    const answer = await told(id);

    expect(answer).toMatchObject({ id, api: 'v2' });
    const link = await story.call<{ url: string; expiresAt: string }>('POST', path(id, 'onboarding-link'), LINK);
    expect(link).toMatchObject({ id, url: expect.stringContaining(id), expiresAt: expect.stringMatching(/Z$/) });
    expect(story.sandbox.requests.list({ method: 'POST', path: '/v2/core/account_links' })).toHaveLength(1);
    expect(answer.branding).toMatchObject({ name: 'Ada' });
  });

  it('that the mirror does not know is not found, with the way to ask Stripe', async () => {
    expect(await story.service.http('GET', path('acct_nobody', 'status'))).toMatchObject({
      status: 404,
      body: { error: { code: 'object_not_found', field: 'id', message: expect.stringContaining('fresh=true') } },
    });
  });
});

describe('the links', () => {
  it('lead to Stripe and are stored nowhere, with and without a key', async () => {
    const id = await express();
    const headers = { 'idempotency-key': randomId('key') };

    for (const more of [headers, {}] as Array<Record<string, string>>) {
      const onboarding = await story.service.http<{ url: string; expiresAt: string }>(
        'POST',
        path(id, 'onboarding-link'),
        LINK,
        more,
      );
      const login = await story.service.http<{ url: string; expiresAt: null }>(
        'POST',
        path(id, 'login-link'),
        {},
        more,
      );

      expect([onboarding.status, login.status]).toEqual([200, 200]);
      expect(onboarding.body).toMatchObject({
        id,
        url: expect.stringMatching(/^https:/),
        expiresAt: expect.stringMatching(/Z$/),
      });
      expect(login.body).toMatchObject({ id, url: expect.stringMatching(/^https:/), expiresAt: null });
      for (const { url } of [onboarding.body, login.body]) expect(await isStored(url)).toBe(false);
    }
    expect(await isStored(id)).toBe(true);
  });

  it('repeated under one key are Stripe’s first answer', async () => {
    const id = await express();
    const headers = { 'idempotency-key': randomId('key') };
    const send = () => story.service.http<{ url: string }>('POST', path(id, 'onboarding-link'), LINK, headers);

    expect((await send()).body.url).toBe((await send()).body.url);
  });

  it.each([
    ['onboarding-link', {}, 'refreshUrl', 'missing_field'],
    ['onboarding-link', { ...LINK, returnUrl: 'shop.example' }, 'returnUrl', 'invalid_field'],
    ['onboarding-link', { ...LINK, returnUrl: 'javascript:alert(1)' }, 'returnUrl', 'invalid_field'],
    ['onboarding-link', { ...LINK, type: 'login' }, 'type', 'invalid_field'],
    ['onboarding-link', { ...LINK, collect: 'all' }, 'collect', 'invalid_field'],
    ['onboarding-link', { ...LINK, api: 'v3' }, 'api', 'invalid_field'],
  ])('%s %j names %s', async (noun, body, field, code) => {
    const answer = await story.service.http('POST', path('acct_any', noun), body);

    expect(answer).toMatchObject({ status: 400, body: { error: { field, code } } });
  });

  it('of an account out of reach are refused by Stripe', async () => {
    const answer = await story.service.http('POST', path('acct_nobody', 'login-link'), {});

    expect(answer.status).toBe(403);
    expect(answer.body).toMatchObject({ error: { code: 'stripe_account_invalid' } });
  });
});

describe('a list of accounts of the second version', () => {
  it('leaves nothing out that Stripe shows only to those who ask for one account', async () => {
    const { port, host } = story.sandbox;
    const stripe = new Stripe('sk_test_v2', { host, port, protocol: 'http', telemetry: false });
    const { id } = await stripe.v2.core.accounts.create({
      contact_email: 'jo@example.com',
      display_name: 'Jo',
      configuration: { recipient: { capabilities: { stripe_balance: { stripe_transfers: { requested: true } } } } },
    });

    const { data } = await story.call<{ data: Array<{ id: string; data: Record<string, unknown> }> }>(
      'GET',
      '/v1/billing/v2_core_accounts?fresh=true',
    );

    const held = data.find((view) => view.id === id)?.data;
    expect(held).toMatchObject({ configuration: { recipient: { capabilities: expect.anything() } } });
  });
});

describe('over gRPC', () => {
  it('says and does the same', async () => {
    const id = await express();
    const call = (method: string, request: object) => story.service.grpc.call('Accounts', method, request);

    const answer = await call('GetAccountStatus', { id });
    expect(answer.message).toMatchObject({
      id,
      api: 'v1',
      abilities: [{ ability: 'charges' }, { ability: 'transfers' }, { ability: 'payouts' }],
    });
    expect((await call('CreateOnboardingLink', { id, ...LINK })).message).toMatchObject({
      id,
      url: expect.stringMatching(/^https:/),
    });
    expect((await call('CreateLoginLink', { id })).message).toMatchObject({
      id,
      url: expect.stringMatching(/^https:/),
    });
    const refusal = await call('CreateOnboardingLink', { id, refreshUrl: 'x', returnUrl: 'y' });
    expect(refusal.code).toBe(status.INVALID_ARGUMENT);
    expect(refusal.body.error).toMatchObject({ field: 'refreshUrl' });
    expect((await call('GetAccountStatus', { id: 'acct_nobody' })).code).toBe(status.NOT_FOUND);
  });
});
